/** How a program begins and ends: by an exit code, and one line on stderr where something went wrong. */

import { ClientError } from "nice-grpc";

import { AddressError } from "./address.js";
import { UsageError } from "./arguments.js";
import { reason } from "./pipertd.js";
import { inALine } from "./terminal.js";

/** Run a program; it may set `process.exitCode`. */
export async function run(name: string, usage: string, program: (args: string[]) => Promise<void>): Promise<void> {
  process.noDeprecation = true; // Node warns that grpc-js asks for a server by its IP address, where HOST is one
  process.stdout.on("error", (error) => endWithoutOutput(name, error));
  try {
    await program(process.argv.slice(2));
  } catch (error) {
    if (isInterruption(error)) {
      return;
    }
    console.error(`${name}: ${inALine(told(error))}`);
    if (isUsageError(error)) {
      console.error(usage);
    }
    process.exitCode = isUsageError(error) ? 2 : 1;
  }
}

/** End where nothing can be written: well where whoever read it, as `head`, has enough. */
function endWithoutOutput(name: string, error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") {
    process.exit();
  }
  console.error(`${name}: cannot write the output: ${error.message}`);
  process.exit(1);
}

/** Aborted when somebody interrupts the program, which then ends well. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  process.once("SIGTERM", () => controller.abort());
  return controller.signal;
}

function told(error: unknown): string {
  if (error instanceof ClientError) {
    return `${reason(error)}: ${error.details}`;
  }
  return error instanceof Error ? error.message : String(error);
}

function isInterruption(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function isUsageError(error: unknown): boolean {
  const isOfParseArgs = error instanceof TypeError && "code" in error && /^ERR_PARSE_ARGS/.test(String(error.code));
  return error instanceof UsageError || error instanceof AddressError || isOfParseArgs;
}

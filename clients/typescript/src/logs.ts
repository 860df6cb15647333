/** `example logs`: what flows and the daemon logged, and what code printed. */

import { parseArgs } from "node:util";

import { CONNECTION_OPTIONS, connectAs, optionalTarget, parseNumber, UsageError } from "./arguments.js";
import { interruption } from "./program.js";
import { resuming } from "./resume.js";
import { type LogRecord, LogServiceDefinition } from "./stubs/pipertd/v1/log.js";
import { clock, setOff, tellOutage } from "./terminal.js";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]; // 10, 20, …

export async function logs(args: string[]): Promise<void> {
  const options = {
    ...CONNECTION_OPTIONS,
    follow: { type: "boolean", short: "f" },
    level: { type: "string", default: "debug" },
    number: { type: "string", short: "n", default: "100" },
  } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const request = {
    target: optionalTarget(positionals),
    level: parseLevel(values.level),
    limit: parseNumber("-n", values.number, 0),
    follow: values.follow ?? false,
    cursor: "",
  };
  using connection = connectAs(values);
  const stub = connection.stub(LogServiceDefinition);
  const signal = interruption();
  for await (const { record, progress } of resuming(() => stub.readLogs(request, { signal }), signal, tellOutage)) {
    request.cursor = (record ?? progress)?.cursor ?? request.cursor;
    if (record !== undefined) {
      console.log(line(record));
    }
  }
}

/** The lowest level that is wanted, as a request has it: 0 for all. */
function parseLevel(text: string): number {
  const place = LEVELS.indexOf(text.toUpperCase());
  if (place === -1) {
    throw new UsageError(`cannot show level '${text}': it is one of ${LEVELS.join(", ").toLowerCase()}`);
  }
  return place === 0 ? 0 : 10 * (place + 1);
}

function line(record: LogRecord): string {
  const level = record.source === "log" ? levelName(record.level) : "-";
  const who = [record.pipeline, record.flow, record.routine].filter(Boolean).join("/") || "pipertd";
  const text = `${clock(record.time)} ${level.padEnd(8)} ${who}: ${record.message}`;
  return setOff(record.exception ? `${text}\n${record.exception.trimEnd()}` : text);
}

function levelName(level: number): string {
  return LEVELS[level / 10 - 1] ?? `Level ${level}`;
}

#!/usr/bin/env node
/** Look at a daemon and hand it events: one small command for each way in which a client speaks to it. */

import { parseArgs } from "node:util";

import { CONNECTION_OPTIONS, CONNECTION_USAGE, UsageError } from "./arguments.js";
import { event } from "./event.js";
import { logs } from "./logs.js";
import { run } from "./program.js";
import { status } from "./status.js";
import { watch } from "./watch.js";

const USAGE = `usage: example ${CONNECTION_USAGE} COMMAND
  status [TARGET]
  watch [TARGET] [--from REVISION]
  logs [TARGET] [--follow] [--level LEVEL] [-n N]
  event NAME TARGET [KEY=VALUE]…
TARGET is PIPELINE[/FLOW[/ROUTINE]].`;

const COMMANDS = new Map(Object.entries({ status, watch, logs, event }));

/** The command is the first argument that is none of an option's; all others are the command's own. */
async function example(args: string[]): Promise<void> {
  const { tokens } = parseArgs({ args, options: CONNECTION_OPTIONS, strict: false, tokens: true });
  const name = tokens.find((token) => token.kind === "positional");
  if (name === undefined) {
    throw new UsageError("cannot do anything without a command");
  }
  const command = COMMANDS.get(name.value);
  if (command === undefined) {
    throw new UsageError(`cannot do '${name.value}': there is no such command`);
  }
  await command(args.toSpliced(name.index, 1));
}

await run("example", USAGE, example);

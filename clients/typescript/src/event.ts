/** `example event`: hand an event to routines, and print their answers. */

import { parseArgs } from "node:util";

import { CALL_TIMEOUT_MS, CONNECTION_OPTIONS, connectAs, parseTarget, UsageError } from "./arguments.js";
import { dumps } from "./json.js";
import { EventServiceDefinition } from "./stubs/pipertd/v1/event.js";
import { setOff } from "./terminal.js";

export async function event(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: CONNECTION_OPTIONS, allowPositionals: true });
  const [name, target, ...parameters] = positionals;
  if (name === undefined || target === undefined) {
    throw new UsageError("cannot notify an event without its NAME and a TARGET");
  }
  const request = {
    event: name,
    target: parseTarget(target),
    params: Object.fromEntries(parameters.map(parseParameter)),
  };
  using connection = connectAs(values);
  const stub = connection.stub(EventServiceDefinition);
  const { answers } = await stub.notifyEvent(request, { deadline: CALL_TIMEOUT_MS });
  for (const { flow, routine, value, error } of answers) {
    console.log(setOff(`${flow}/${routine}: ${error === undefined ? dumps(value) : `error: ${error}`}`));
  }
  if (answers.some(({ error }) => error !== undefined)) {
    process.exitCode = 1;
  }
}

/** Read KEY=VALUE, where a value is JSON, or else text. */
function parseParameter(text: string): [string, unknown] {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new UsageError(`cannot read parameter '${text}': it is written KEY=VALUE`);
  }
  try {
    return [key, JSON.parse(value)];
  } catch {
    return [key, value];
  }
}

/** `example watch`: what happens, for as long as somebody looks. */

import { parseArgs } from "node:util";

import { CONNECTION_OPTIONS, connectAs, optionalTarget, parseNumber } from "./arguments.js";
import { interruption } from "./program.js";
import { resuming } from "./resume.js";
import { StatusServiceDefinition } from "./stubs/pipertd/v1/status.js";
import { clock, setOff, tellOutage } from "./terminal.js";

const ONLY_NEW = -1;

export async function watch(args: string[]): Promise<void> {
  const options = { ...CONNECTION_OPTIONS, from: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const request = {
    target: optionalTarget(positionals),
    afterRevision: values.from === undefined ? ONLY_NEW : parseNumber("--from", values.from, 1) - 1,
    epoch: "",
  };
  using connection = connectAs(values);
  const stub = connection.stub(StatusServiceDefinition);
  const signal = interruption();
  for await (const { notice, progress } of resuming(() => stub.watchNotices(request, { signal }), signal, tellOutage)) {
    const place = notice ?? progress;
    request.afterRevision = place?.revision ?? request.afterRevision;
    request.epoch = place?.epoch ?? request.epoch;
    if (notice !== undefined) {
      const told = setOff(`${notice.kind}: ${notice.message}`);
      console.log(`${String(notice.revision).padStart(6)} ${clock(notice.time)} ${told}`);
    }
  }
}

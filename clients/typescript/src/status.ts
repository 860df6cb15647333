/** `example status`: the flows and links at one moment. */

import { parseArgs } from "node:util";

import { CALL_TIMEOUT_MS, CONNECTION_OPTIONS, connectAs, optionalTarget } from "./arguments.js";
import type { Flow, Link, Pipeline } from "./stubs/pipertd/v1/pipeline.js";
import { StatusServiceDefinition } from "./stubs/pipertd/v1/status.js";
import { table } from "./terminal.js";

const FLOW_COLUMNS = ["FLOW", "STATE", "PID", "GENERATION", "RESTARTS"];
const LINK_COLUMNS = ["LINK", "PRODUCED", "DELIVERED", "FAILED", "DROPPED", "QUARANTINED", "IN FLIGHT"];

export async function status(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: CONNECTION_OPTIONS, allowPositionals: true });
  const target = optionalTarget(positionals);
  using connection = connectAs(values);
  const stub = connection.stub(StatusServiceDefinition);
  const { pipelines } = await stub.getStatus({ target }, { deadline: CALL_TIMEOUT_MS });
  const flows = pipelines.flatMap((pipeline) => pipeline.flows.map((flow) => flowRow(pipeline, flow)));
  const links = pipelines.flatMap((pipeline) => pipeline.links.map((link) => linkRow(pipeline, link)));
  console.log(table(FLOW_COLUMNS, flows));
  console.log();
  console.log(table(LINK_COLUMNS, links));
}

function flowRow(pipeline: Pipeline, flow: Flow): string[] {
  return [
    `${pipeline.name}/${flow.name}`,
    flow.state.replace(/^STATE_/, ""),
    flow.pid === 0 ? "-" : String(flow.pid),
    String(flow.generation),
    String(flow.restarts),
  ];
}

function linkRow(pipeline: Pipeline, link: Link): string[] {
  const dropped = Object.values(link.dropped).reduce((sum, count) => sum + count, 0);
  const inFlight = link.waiting + link.inHand;
  const counts = [link.produced, link.delivered, link.failed, dropped, link.quarantined, inFlight];
  return [`${pipeline.name}: ${link.source} -> ${link.destination}`, ...counts.map(String)];
}

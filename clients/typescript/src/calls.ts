#!/usr/bin/env node
/**
 * Every call of the API once, in the order of clients/python/calls.py, which tells what it is made for; docs/api.md shows
 * the functions of this file.
 */

import { PassThrough } from "node:stream";
import { parseArgs } from "node:util";
import { ClientError } from "nice-grpc";

import { CONNECTION_OPTIONS, CONNECTION_USAGE, connectAs } from "./arguments.js";
import { reason } from "./pipertd.js";
import { run } from "./program.js";
import type { PlanAction } from "./stubs/pipertd/v1/definition.js";
import { type EventServiceClient, EventServiceDefinition } from "./stubs/pipertd/v1/event.js";
import { type LogServiceClient, LogServiceDefinition } from "./stubs/pipertd/v1/log.js";
import { type PipelineServiceClient, PipelineServiceDefinition } from "./stubs/pipertd/v1/pipeline.js";
import { type QuarantineServiceClient, QuarantineServiceDefinition } from "./stubs/pipertd/v1/quarantine.js";
import { type StatusServiceClient, StatusServiceDefinition } from "./stubs/pipertd/v1/status.js";
import { TapFormat, type TapServiceClient, TapServiceDefinition } from "./stubs/pipertd/v1/tap.js";
import { inALine } from "./terminal.js";

async function listPipelines(stub: PipelineServiceClient): Promise<string> {
  const { pipelines } = await stub.listPipelines({});
  return pipelines.map(({ name }) => name).join(", ");
}

async function getPipeline(stub: PipelineServiceClient): Promise<string> {
  const { pipeline } = await stub.getPipeline({ name: "street" });
  const flows = pipeline?.flows.map(({ name }) => name).join(", ");
  return `${pipeline?.name} is ${pipeline?.state.replace("STATE_", "")}, its flows are ${flows}`;
}

async function startPipeline(stub: PipelineServiceClient): Promise<string> {
  const { target } = await stub.startPipeline({ target: { pipeline: "street", flow: "archive" } });
  return `${target?.pipeline}/${target?.flow} is up`;
}

async function stopPipeline(stub: PipelineServiceClient): Promise<string> {
  const { pipeline } = await stub.stopPipeline({ target: { pipeline: "street", flow: "archive" }, now: false });
  const archive = pipeline?.flows.find(({ name }) => name === "archive");
  return `archive is ${archive?.state.replace("STATE_", "")}`;
}

async function restartPipeline(stub: PipelineServiceClient): Promise<string> {
  const { target } = await stub.restartPipeline({ target: { pipeline: "street", flow: "archive" } });
  return `${target?.pipeline}/${target?.flow} was restarted`;
}

async function pausePipeline(stub: PipelineServiceClient): Promise<string> {
  const { pipeline } = await stub.pausePipeline({ target: { pipeline: "street", flow: "archive" } });
  const paused = pipeline?.flows.filter(({ paused }) => paused);
  return `paused: ${paused?.map(({ name }) => name).join(", ")}`;
}

async function resumePipeline(stub: PipelineServiceClient): Promise<string> {
  const { pipeline } = await stub.resumePipeline({ target: { pipeline: "street", flow: "archive" } });
  const paused = pipeline?.flows.filter(({ paused }) => paused);
  return `paused: ${paused?.map(({ name }) => name).join(", ") || "none"}`;
}

async function killPipeline(stub: PipelineServiceClient): Promise<string> {
  const { pipeline } = await stub.killPipeline({ target: { pipeline: "street", flow: "archive" } });
  const archive = pipeline?.flows.find(({ name }) => name === "archive");
  return `archive ${archive?.reason}`;
}

async function checkDefinitions(stub: PipelineServiceClient): Promise<string> {
  const file = { name: "yard.yaml", text: "pipeline: yard\nflows: {}\n" };
  const { problems } = await stub.checkDefinitions({ files: [file] });
  return problems.map(({ file, line, column, text }) => `${file}:${line}:${column}: ${text}`).join("; ");
}

async function planReload(stub: PipelineServiceClient): Promise<string> {
  const { plans } = await stub.planReload({});
  return plans.map(({ pipeline, action }) => `${pipeline}: ${actionName(action)}`).join(", ");
}

async function reload(stub: PipelineServiceClient): Promise<string> {
  const { plans, problems } = await stub.reload({});
  if (problems.length > 0) {
    return `nothing was changed, for ${problems.length} problems`;
  }
  return plans.map(({ pipeline, action }) => `${pipeline}: ${actionName(action)}`).join(", ");
}

async function link(stub: PipelineServiceClient): Promise<string> {
  const drawn = { pipeline: "street", source: "motion", destination: "frames", policy: "drop_oldest", depth: 1 };
  const { plan } = await stub.link(drawn);
  return `${plan?.flows.map(({ flow, action }) => `${flow}: ${actionName(action)}`).join(", ")}`;
}

async function unlink(stub: PipelineServiceClient): Promise<string> {
  const { plan } = await stub.unlink({ pipeline: "street", source: "motion", destination: "frames" });
  return `${plan?.flows.map(({ flow, action }) => `${flow}: ${actionName(action)}`).join(", ")}`;
}

async function notifyEvent(stub: EventServiceClient): Promise<string> {
  const { answers } = await stub.notifyEvent({
    event: "SET_MIN_AREA",
    target: { pipeline: "street" },
    params: { pixels: 800 },
    timeout: { seconds: 30 },
  });
  return answers.map(({ flow, routine, error }) => `${flow}/${routine}: ${error ?? "set"}`).join(", ");
}

async function listHandlers(stub: EventServiceClient): Promise<string> {
  const { handlers } = await stub.listHandlers({ target: { pipeline: "street", flow: "analyse" } });
  return handlers
    .map(({ event, parameters }) => `${event}(${parameters.map(({ name }) => name).join(", ")})`)
    .join(", ");
}

async function readLogs(stub: LogServiceClient): Promise<string> {
  const told = [];
  for await (const { record } of stub.readLogs({ target: { pipeline: "poison", flow: "b" }, level: 30, limit: 1 })) {
    if (record !== undefined) {
      told.push(`${record.flow}/${record.routine}: ${record.message}`);
    }
  }
  return told.join("; ");
}

async function listMessages(stub: QuarantineServiceClient): Promise<string> {
  const { messages } = await stub.listMessages({ target: { pipeline: "poison" } });
  return `the oldest came by ${messages[0]?.link}`;
}

async function getMessage(stub: QuarantineServiceClient): Promise<string> {
  const { messages } = await stub.listMessages({ target: { pipeline: "poison" } });
  const { message } = await stub.getMessage({ id: messages[0]?.id });
  return `${message?.classPath}, attempts: ${message?.attempts}, deaths: ${message?.deaths}`;
}

async function readPayload(stub: QuarantineServiceClient): Promise<string> {
  const { messages } = await stub.listMessages({ target: { pipeline: "poison" } });
  let length = 0;
  for await (const { data } of stub.readPayload({ id: messages[0]?.id })) {
    length += data.length;
  }
  return `${length} bytes`;
}

async function dropMessage(stub: QuarantineServiceClient): Promise<string> {
  const { messages } = await stub.listMessages({ target: { pipeline: "poison" } });
  await stub.dropMessage({ id: messages[0]?.id });
  try {
    await stub.dropMessage({ id: messages[0]?.id });
  } catch (error) {
    return `dropped; dropped again: ${error instanceof ClientError ? reason(error) : error}`;
  }
  return "dropped twice";
}

async function getStatus(stub: StatusServiceClient): Promise<string> {
  const { pipelines } = await stub.getStatus({ target: { pipeline: "street" } });
  const street = pipelines[0];
  return `${street?.flows.length} flows, ${street?.routines.length} routines, ${street?.links.length} links`;
}

async function getDaemon(stub: StatusServiceClient): Promise<string> {
  const { daemon } = await stub.getDaemon({});
  return `version ${daemon?.version}, your role is ${daemon?.role.replace("ROLE_", "").toLowerCase()}`;
}

async function watchNotices(stub: StatusServiceClient): Promise<string> {
  for await (const { notice } of stub.watchNotices({ target: { pipeline: "poison" }, afterRevision: 0 })) {
    if (notice !== undefined) {
      return `${notice.kind}: ${notice.message}`; // who leaves the loop ends the call
    }
  }
  return "nothing happened";
}

async function tapLink(stub: TapServiceClient): Promise<string> {
  const link = { pipeline: "street", source: "decode", destination: "motion" };
  const requests = new PassThrough({ objectMode: true }); // stays open: its end would be that of the look
  requests.write({ start: { ...link, format: TapFormat.PNG, pictureWidth: 64, bgr: true } });
  const sizes = [];
  for await (const { message } of stub.tapLink(requests)) {
    sizes.push(`${message?.picture?.width} x ${message?.picture?.height}`);
    if (sizes.length === 2) {
      break;
    }
    requests.write({ credit: 1 });
  }
  return sizes.join(", ");
}

/** As people read it: PLAN_ACTION_RESTARTED is "restarted". */
function actionName(action: PlanAction): string {
  return action.replace("PLAN_ACTION_", "").toLowerCase();
}

/** Make the calls of one service, and print under its name what came of each. */
async function make<Stub>(stub: Stub, calls: ((stub: Stub) => Promise<string>)[]): Promise<void> {
  for (const call of calls) {
    const rpc = call.name.charAt(0).toUpperCase() + call.name.slice(1);
    console.log(`${rpc}: ${inALine(await call(stub))}`);
  }
}

async function calls(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: CONNECTION_OPTIONS });
  using connection = connectAs(values);
  const pipelines = connection.stub(PipelineServiceDefinition);
  await make(connection.stub(StatusServiceDefinition), [getStatus, getDaemon, watchNotices]);
  await make(connection.stub(TapServiceDefinition), [tapLink]);
  await make(connection.stub(EventServiceDefinition), [notifyEvent, listHandlers]);
  await make(connection.stub(LogServiceDefinition), [readLogs]);
  await make(connection.stub(QuarantineServiceDefinition), [listMessages, getMessage, readPayload, dropMessage]);
  await make(pipelines, [listPipelines, getPipeline, checkDefinitions, planReload, reload]);
  await make(pipelines, [pausePipeline, resumePipeline, killPipeline, stopPipeline, startPipeline]);
  await make(pipelines, [restartPipeline, link, unlink]);
}

await run("calls", `usage: calls ${CONNECTION_USAGE}`, calls);

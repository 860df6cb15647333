"""Every call of the API once: what only looks comes first. docs/api.md shows the functions of this file.

It is made for the pipeline that tests/clients run: the street of the demo, with a flow ``archive`` beside it, and a
pipeline ``poison`` that has put messages into quarantine.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from pipertd.client import Client, ClientError, Tls


def list_pipelines(client: Client) -> str:
    pipelines = client.pipelines.list()
    return ", ".join(pipeline.name for pipeline in pipelines)


def get_pipeline(client: Client) -> str:
    pipeline = client.pipelines.get("street")
    return f"{pipeline.name} is {pipeline.state}, its flows are {', '.join(flow.name for flow in pipeline.flows)}"


def start_pipeline(client: Client) -> str:
    pipeline = client.pipelines.start("street/archive")
    return f"{pipeline.name}/archive is up"


def stop_pipeline(client: Client) -> str:
    pipeline = client.pipelines.stop("street/archive")
    (archive,) = (flow for flow in pipeline.flows if flow.name == "archive")
    return f"archive is {archive.state}"


def restart_pipeline(client: Client) -> str:
    pipeline = client.pipelines.restart("street/archive")
    return f"{pipeline.name}/archive was restarted"


def pause_pipeline(client: Client) -> str:
    pipeline = client.pipelines.pause("street/archive")
    return f"paused: {', '.join(flow.name for flow in pipeline.flows if flow.paused)}"


def resume_pipeline(client: Client) -> str:
    pipeline = client.pipelines.resume("street/archive")
    return f"paused: {', '.join(flow.name for flow in pipeline.flows if flow.paused) or 'none'}"


def kill_pipeline(client: Client) -> str:
    pipeline = client.pipelines.kill("street/archive")
    (archive,) = (flow for flow in pipeline.flows if flow.name == "archive")
    return f"archive {archive.reason}"


def check_definitions(client: Client) -> str:
    check = client.pipelines.check({"yard.yaml": "pipeline: yard\nflows: {}\n"})
    return "; ".join(f"{each.file}:{each.line}:{each.column}: {each.text}" for each in check.problems)


def plan_reload(client: Client) -> str:
    would_be_done = client.pipelines.plan()
    return ", ".join(f"{plan.pipeline}: {plan.action}" for plan in would_be_done.plans)


def reload(client: Client) -> str:
    done = client.pipelines.reload()
    if done.problems:
        return f"nothing was changed, for {len(done.problems)} problems"
    return ", ".join(f"{plan.pipeline}: {plan.action}" for plan in done.plans)


def link(client: Client) -> str:
    plan = client.pipelines.link("street", "motion", "frames", policy="drop_oldest", depth=1)
    return ", ".join(f"{flow.flow}: {flow.action}" for flow in plan.flows)


def unlink(client: Client) -> str:
    plan = client.pipelines.unlink("street", "motion", "frames")
    return ", ".join(f"{flow.flow}: {flow.action}" for flow in plan.flows)


def notify_event(client: Client) -> str:
    answers = client.events.notify("SET_MIN_AREA", "street", {"pixels": 800}, timeout_s=30)
    return ", ".join(f"{answer.flow}/{answer.routine}: {answer.error or 'set'}" for answer in answers)


def list_handlers(client: Client) -> str:
    told = client.events.handlers("street/analyse")
    return ", ".join(f"{each.event}({', '.join(one.name for one in each.parameters)})" for each in told.handlers)


def read_logs(client: Client) -> str:
    records = client.logs.read("poison/b", level=30, limit=1)
    return "; ".join(f"{record.flow}/{record.routine}: {record.message}" for record in records)


def list_messages(client: Client) -> str:
    messages = client.quarantine.list("poison")
    return f"the oldest came by {messages[0].link}"


def get_message(client: Client) -> str:
    oldest = client.quarantine.list("poison")[0]
    message = client.quarantine.get(oldest.id)
    return f"{message.class_path}, attempts: {message.attempts}, deaths: {message.deaths}"


def read_payload(client: Client) -> str:
    oldest = client.quarantine.list("poison")[0]
    payload = b"".join(client.quarantine.read_payload(oldest.id))
    return f"{len(payload)} bytes"


def drop_message(client: Client) -> str:
    oldest = client.quarantine.list("poison")[0]
    client.quarantine.drop(oldest.id)
    try:
        client.quarantine.drop(oldest.id)
    except ClientError as refusal:
        return f"dropped; dropped again: {refusal.reason}"
    return "dropped twice"


def get_status(client: Client) -> str:
    status = client.status.get("street")
    (street,) = status.pipelines
    return f"{len(street.flows)} flows, {len(street.routines)} routines, {len(street.links)} links"


def get_daemon(client: Client) -> str:
    daemon = client.status.daemon()
    return f"version {daemon.version}, your role is {daemon.role}"


def watch_notices(client: Client) -> str:
    with client.status.watch("poison", after_revision=0) as notices:
        first = next(notices)
    return f"{first.kind}: {first.message}"


def tap_link(client: Client) -> str:
    with client.taps.look("street", "decode", "motion", form="png", picture_width=64, bgr=True) as passing:
        pictures = [next(passing).picture for _ in range(2)]
    return ", ".join(f"{picture.width} x {picture.height}" for picture in pictures if picture)


CALLS: tuple[Callable[[Client], str], ...] = (
    *(get_status, get_daemon, watch_notices, tap_link, notify_event, list_handlers, read_logs),
    *(list_messages, get_message, read_payload, drop_message),
    *(list_pipelines, get_pipeline, check_definitions, plan_reload, reload, pause_pipeline, resume_pipeline),
    *(kill_pipeline, stop_pipeline, start_pipeline, restart_pipeline, link, unlink),
)


def main() -> None:
    options = argparse.ArgumentParser(description="Make every call of a daemon's API once.")
    options.add_argument("--address", help="/PATH, unix:///PATH or HOST:PORT; else PIPERTD_ADDRESS")
    for file in ("ca", "cert", "key"):
        options.add_argument(f"--{file}", help="over TCP, a PEM file")
    given = options.parse_args()
    tls = Tls(given.ca, given.cert, given.key) if given.ca else None
    with Client(given.address, tls=tls) as client:
        for call in CALLS:
            name = "".join(word.capitalize() for word in call.__name__.split("_"))
            print(f"{name}: {call(client)}", flush=True)


if __name__ == "__main__":
    main()

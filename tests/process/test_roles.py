"""Every rpc of every service, called by every kind of caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from pipertd.rpc import event_pb2, log_pb2, pipeline_pb2, quarantine_pb2, status_pb2, tap_pb2
from pipertd.rpc.definition_pb2 import CheckDefinitionsRequest
from pipertd.rpc.status_pb2_grpc import StatusServiceStub
from tests.process.authorities import Authority, port
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

# Written by hand, and not read off the protos: who changes a role there changes it here, where a reviewer sees it.
LEAST = {
    "PipelineService/ListPipelines": "observer",
    "PipelineService/GetPipeline": "observer",
    "PipelineService/StartPipeline": "operator",
    "PipelineService/StopPipeline": "operator",
    "PipelineService/RestartPipeline": "operator",
    "PipelineService/PausePipeline": "operator",
    "PipelineService/ResumePipeline": "operator",
    "PipelineService/KillPipeline": "operator",
    "PipelineService/CheckDefinitions": "operator",
    "PipelineService/PlanReload": "operator",
    "PipelineService/Reload": "operator",
    "PipelineService/Link": "admin",
    "PipelineService/Unlink": "admin",
    "StatusService/GetStatus": "observer",
    "StatusService/GetDaemon": "observer",
    "StatusService/WatchNotices": "observer",
    "EventService/NotifyEvent": "operator",
    "EventService/ListHandlers": "observer",
    "LogService/ReadLogs": "observer",
    "TapService/TapLink": "operator",
    "QuarantineService/ListMessages": "operator",
    "QuarantineService/GetMessage": "operator",
    "QuarantineService/ReadPayload": "operator",
    "QuarantineService/DropMessage": "admin",
    "Health/Check": "observer",
    "Health/List": "observer",
    "Health/Watch": "observer",
    "ServerReflection/ServerReflectionInfo": "observer",
}
CALLERS = {
    "observe.sock": "observer",
    "control.sock": "admin",
    "olga": "observer",
    "otto": "operator",
    "anna": "admin",
    "mallory": "none",
}
ORDER = ("none", "observer", "operator", "admin")
PROTOS: tuple[Any, ...] = (
    *(event_pb2, log_pb2, pipeline_pb2, quarantine_pb2, status_pb2, tap_pb2),
    *(health_pb2, reflection_pb2),
)
# What would change something of pipeline p, field by field, if somebody who may not were let in.
AIMED = {"pipeline": "p", "name": "p", "event": "zoom", "id": "x", "source": "a/count", "destination": "b/sink"}


def methods() -> Iterator[tuple[str, MethodDescriptor]]:
    for proto in PROTOS:
        for service in proto.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield f"{service.name}/{method.name}", method


def is_allowed(caller: str, rpc: str) -> bool:
    return ORDER.index(CALLERS[caller]) >= ORDER.index(LEAST[rpc])


def code(channel: grpc.Channel, method: MethodDescriptor, request: Message) -> grpc.StatusCode:
    """What a call ends with, or OK as soon as it is answered."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    answer = message_factory.GetMessageClass(method.output_type)
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    called = getattr(channel, kind)(path, type(request).SerializeToString, answer.FromString)
    try:
        answers = called(iter([request]) if method.client_streaming else request, timeout=DEADLINE_S)
        if method.server_streaming:
            next(answers, None)
            answers.cancel()
    except grpc.RpcError as error:
        found: grpc.StatusCode = error.code()
        return found
    return grpc.StatusCode.OK


def request(method: MethodDescriptor, *, aimed: bool) -> Message:
    """An empty one, which a service refuses or which asks for all; or one that is about pipeline p."""
    made = message_factory.GetMessageClass(method.input_type)()
    for field in method.input_type.fields if aimed else ():
        if field.name == "target":
            getattr(made, field.name).pipeline = "p"
        elif field.name in AIMED and field.type == field.TYPE_STRING:
            setattr(made, field.name, AIMED[field.name])
    return made


@pytest.fixture
def channels(daemon: Daemon, tmp_path: Path) -> Iterator[dict[str, grpc.Channel]]:
    """A way in for every caller, to a daemon with pipeline p, which is up."""
    authority = Authority(tmp_path)
    daemon.settings.write_text(authority.settings())
    write_definition(daemon.definitions / "p.yaml", counts(), writes(tmp_path / "numbers", pause_s=0.001))
    daemon.start()
    where = f"127.0.0.1:{port(daemon)}"
    with ExitStack() as stack:
        yield {
            caller: stack.enter_context(
                grpc.insecure_channel(f"unix:{daemon.runtime / caller}")
                if caller.endswith(".sock")
                else grpc.secure_channel(where, authority.credentials(caller))
            )
            for caller in CALLERS
        }


def test_the_table_has_every_rpc() -> None:
    """An rpc that is new, also of a standard service, stands in the table before anybody may call it."""
    assert {rpc for rpc, _ in methods()} == set(LEAST)


def test_each_caller_may_what_its_role_may_and_nothing_else(channels: dict[str, grpc.Channel], daemon: Daemon) -> None:
    """Whoever may not is refused before anything has changed; whoever may gets the service's own answer."""
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    status = StatusServiceStub(channels["control.sock"])

    def facts() -> tuple[Any, ...]:
        told = status.GetStatus(status_pb2.GetStatusRequest())
        (pipeline,) = told.pipelines
        flows = [(flow.name, flow.state, flow.generation, flow.paused) for flow in pipeline.flows]
        return told.revision, flows, len(pipeline.links)

    before = facts()
    every = [(caller, rpc, method) for caller in CALLERS for rpc, method in methods()]
    refused = {
        (caller, rpc): code(channels[caller], method, request(method, aimed=True))
        for caller, rpc, method in every
        if not is_allowed(caller, rpc)
    }
    assert {each for each, told in refused.items() if told is not grpc.StatusCode.PERMISSION_DENIED} == set()
    assert facts() == before
    allowed = {
        (caller, rpc): code(channels[caller], method, request(method, aimed=False))
        for caller, rpc, method in every
        if is_allowed(caller, rpc)
    }
    shut = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert {each for each, told in allowed.items() if told in shut} == set()


@pytest.mark.parametrize(("caller", "told"), [("otto", "PERMISSION_DENIED"), ("anna", "OK"), ("control.sock", "OK")])
def test_classes_are_imported_for_admins_only(channels: dict[str, grpc.Channel], caller: str, told: str) -> None:
    """An operator may have definitions checked; with their classes, which runs code, it takes an admin."""
    check = dict(methods())["PipelineService/CheckDefinitions"]
    assert code(channels[caller], check, CheckDefinitionsRequest(classes=False)).name == "OK"
    assert code(channels[caller], check, CheckDefinitionsRequest(classes=True)).name == told

"""What a daemon tells of itself, of definitions at hand, and of flows that it has adopted: over its socket."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipertd import __version__
from pipertd.rpc import (
    authority_pb2,
    definition_pb2,
    event_pb2,
    event_pb2_grpc,
    pipeline_pb2,
    pipeline_pb2_grpc,
    status_pb2,
    status_pb2_grpc,
)
from tests.process.calls import channel_to, error_info
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


def test_the_daemon_tells_what_it_is(daemon: Daemon) -> None:
    """Its process, its places, its machine, and who the caller is to it."""
    process = daemon.start()
    with channel_to(daemon) as channel:
        stub = status_pb2_grpc.StatusServiceStub(channel)
        told = stub.GetDaemon(status_pb2.GetDaemonRequest(), timeout=DEADLINE_S).daemon
        assert (told.version, told.pid, told.python) == (__version__, process.pid, sys.executable)
        assert (told.runtime_dir, told.state_dir) == (str(daemon.runtime), str(daemon.state))
        assert told.definitions == [str(daemon.definitions)]
        assert told.role == authority_pb2.ROLE_ADMIN
        assert told.descriptor_limit == resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        room = os.statvfs("/dev/shm")
        assert told.shared_memory_bytes == room.f_blocks * room.f_frsize
        assert 0 <= told.shared_memory_free_bytes <= told.shared_memory_bytes
        started = daemon.wait_for("daemon_started")
        assert bool(told.cgroups_missing) == started["details"]["cgroups"].startswith("none: ")
        assert abs(told.start_time.ToNanoseconds() / 1e9 - started["time_s"]) < DEADLINE_S
        assert told.open_streams == 0
        watching = stub.WatchNotices(status_pb2.WatchNoticesRequest())
        next(watching)
        assert stub.GetDaemon(status_pb2.GetDaemonRequest(), timeout=DEADLINE_S).daemon.open_streams == 1
        watching.cancel()


def checked(
    channel: grpc.Channel, *files: tuple[str, str], classes: bool = False
) -> definition_pb2.CheckDefinitionsResponse:
    stub = pipeline_pb2_grpc.PipelineServiceStub(channel)
    request = definition_pb2.CheckDefinitionsRequest(
        files=[definition_pb2.DefinitionFile(name=name, text=text) for name, text in files], classes=classes
    )
    response: definition_pb2.CheckDefinitionsResponse = stub.CheckDefinitions(request, timeout=DEADLINE_S)
    return response


def test_definitions_at_hand_are_checked_and_not_loaded(daemon: Daemon, tmp_path: Path) -> None:
    """The answer has the problems with their places; no pipeline of them is there afterwards."""
    text = write_definition(tmp_path / "numbers.yaml", counts(3), writes(tmp_path / "out")).read_text()
    daemon.start()
    with channel_to(daemon) as channel:
        found = checked(channel, ("good.yaml", text), ("bad.yaml", "pipeline: [\n"), classes=True)
        assert found.pipelines == ["numbers"]
        assert [(each.file, each.line) for each in found.problems] == [("bad.yaml", 2)]
        stub = pipeline_pb2_grpc.PipelineServiceStub(channel)
        assert not stub.ListPipelines(pipeline_pb2.ListPipelinesRequest(), timeout=DEADLINE_S).pipelines


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([(f"{number}.yaml", "") for number in range(65)], "64 are allowed"),
        ([("a.yaml", "#" * (256 * 1024 + 1))], "larger than 262144 bytes"),
        ([("../a.yaml", "")], "without a folder"),
        ([("", "")], "plain text"),
        ([("a\n.yaml", "")], "plain text"),
        ([("a.yaml", ""), ("a.yaml", "")], "sent twice"),
    ],
    ids=["many", "large", "folder", "nameless", "newline", "twice"],
)
def test_files_beyond_the_limits_are_refused(daemon: Daemon, files: list[tuple[str, str]], why: str) -> None:
    """Too many, too large, or named as no file in a folder can be: INVALID_ARGUMENT, with what is wrong."""
    daemon.start()
    with channel_to(daemon) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            checked(channel, *files)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert why in str(refused.value.details())
        assert error_info(refused.value).reason == "BAD_REQUEST"


def test_a_check_that_hangs_holds_nobody_up_and_ends_with_its_caller(daemon: Daemon, tmp_path: Path) -> None:
    """While a class is imported that never ends others are answered; nothing of it is left when nobody waits for it."""
    pid = tmp_path / "pid"
    (tmp_path / "slow.py").write_text(
        f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(3600)\n"
    )
    source = {"class": "slow:Slow"}
    text = write_definition(tmp_path / "p.yaml", source, writes(tmp_path / "out"), path=[str(tmp_path)]).read_text()
    daemon.start()
    with channel_to(daemon) as channel:
        checking = checking_too(channel, text)
        written = wait_until(lambda: pid.read_text() if pid.exists() else "", DEADLINE_S, "the import")
        importing = Path("/proc") / written
        assert checked(channel, ("q.yaml", "")).problems == []
        status_pb2_grpc.StatusServiceStub(channel).GetStatus(status_pb2.GetStatusRequest(), timeout=DEADLINE_S)
        assert not checking.done()
        assert importing.exists()
        others = [checking_too(channel, text) for _ in range(16)]
        assert (
            wait_until(lambda: refusal_of_a_check(channel), DEADLINE_S, "all of them to have come") == "TOO_MANY_CALLS"
        )
        for other in others:
            other.cancel()
        checking.cancel()
        wait_until(lambda: not importing.exists(), DEADLINE_S, "the end of the import")


def refusal_of_a_check(channel: grpc.Channel) -> str:
    """Why another check is refused; empty where it is not."""
    try:
        checked(channel, ("q.yaml", ""))
    except grpc.RpcError as error:
        return str(error_info(error).reason)
    return ""


def checking_too(channel: grpc.Channel, text: str) -> Any:
    """A check with classes that is on its way."""
    file = definition_pb2.DefinitionFile(name="p.yaml", text=text)
    request = definition_pb2.CheckDefinitionsRequest(files=[file], classes=True)
    return pipeline_pb2_grpc.PipelineServiceStub(channel).CheckDefinitions.future(request)


def test_adopted_flows_tell_what_they_handle(daemon: Daemon, tmp_path: Path) -> None:
    """A daemon that did not start them asks them as one that did."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(tmp_path / "out", pause_s=0.01))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    daemon.kill()
    daemon.start()
    daemon.wait_for("flow_adopted", "b")
    with channel_to(daemon) as channel:
        stub = event_pb2_grpc.EventServiceStub(channel)
        request = event_pb2.ListHandlersRequest(target=pipeline_pb2.Target(pipeline="p"))

        def told() -> list[str]:
            response = stub.ListHandlers(request, timeout=DEADLINE_S)
            return [] if response.silent else [each.event for each in response.handlers]

        assert wait_until(told, DEADLINE_S, "both to dial the new daemon") == ["BREAK", "DOZE", "NOTE"]


def test_what_grpc_would_refuse_by_itself_has_its_details_too(daemon: Daemon) -> None:
    """A call that is not there, and a request that is too large: each with the one ErrorInfo that all refusals have."""
    daemon.start()
    with channel_to(daemon) as channel:
        raw: Any = channel
        for path in ("/pipertd.v1.StatusService/GetNothing", "/nobody.Service/Call", "/"):
            for kind in (raw.unary_unary, raw.unary_stream):
                with pytest.raises(grpc.RpcError) as refused:
                    list(kind(path)(b"", timeout=DEADLINE_S))
                assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
                info = error_info(refused.value)
                assert (info.reason, info.metadata["method"]) == ("UNKNOWN_RPC", path)
        with pytest.raises(grpc.RpcError) as refused:
            checked(channel, *((f"{number}.yaml", "#" * 200_000) for number in range(6)))
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert error_info(refused.value).reason == "REQUEST_TOO_LARGE"

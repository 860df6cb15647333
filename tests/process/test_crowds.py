"""More clients than there is room for: what is held is bounded, the rest is refused, and who acts gets through."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipertd.client import Client
from pipertd.control.limits import MOST_CHANGES, MOST_STREAMS, STREAM_BYTES, STREAMS_OF_OBSERVERS
from pipertd.rpc import (
    event_pb2,
    event_pb2_grpc,
    log_pb2,
    log_pb2_grpc,
    pipeline_pb2,
    pipeline_pb2_grpc,
    status_pb2,
    status_pb2_grpc,
)
from pipertd.supervisor.history import KEPT_NOTICES
from tests.process.calls import channel_to, error_info
from tests.process.definitions import counts, write_definition, writes
from tests.process.hostile import Connection, tracebacks
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

P = pipeline_pb2.Target(pipeline="p")
WATCH, READ_LOGS = "/pipertd.v1.StatusService/WatchNotices", "/pipertd.v1.LogService/ReadLogs"
EVERY_NOTICE = status_pb2.WatchNoticesRequest().SerializeToString()
EVERY_RECORD = log_pb2.ReadLogsRequest(follow=True, limit=100_000).SerializeToString()
OF_A_CONNECTION = 128
SLACK_BYTES = 32 * 1024 * 1024  # the allocator's, and what the daemon itself does meanwhile


@pytest.fixture
def served(daemon: Daemon) -> Daemon:
    """A daemon with a long past, whose pipeline p runs."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "n", pause_s=0.01))
    (daemon.state / "logs/old").mkdir(parents=True)
    write_past(daemon.state / "notices.jsonl")
    for number in range(8):
        lines = (f"line {line} of {number} {'x' * 80}\n" for line in range(20_000))
        (daemon.state / f"logs/old/f{number}.log").write_text("".join(lines))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p")
    return daemon


def write_past(file: Path) -> None:
    """A history that is full."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    fact = {"time_s": 1.0, "kind": "event_raised", "pipeline": "p", "flow": "a", "routine": "", "details": {}}
    with file.open("w") as out:
        out.write(json.dumps({"epoch": "past", "boot": boot}) + "\n")
        for revision in range(1, KEPT_NOTICES + 1):
            out.write(json.dumps({"revision": revision, "message": "x" * 500, **fact}) + "\n")


def private_bytes(daemon: Daemon) -> int:
    """What the daemon takes of memory for itself alone."""
    assert daemon.process is not None
    text = Path(f"/proc/{daemon.process.pid}/smaps_rollup").read_text()
    return sum(int(kib) * 1024 for kib in re.findall(r"^Private_\w+:\s+(\d+) kB$", text, re.MULTILINE))


def descriptors(daemon: Daemon) -> int:
    assert daemon.process is not None
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def open_streams(channel: grpc.Channel) -> int:
    response = status_pb2_grpc.StatusServiceStub(channel).GetDaemon(status_pb2.GetDaemonRequest(), timeout=DEADLINE_S)
    return int(response.daemon.open_streams)


def refusal_of_a_watch(channel: grpc.Channel) -> tuple[grpc.StatusCode, str] | None:
    """How another stream is refused, if it is."""
    watch = status_pb2_grpc.StatusServiceStub(channel).WatchNotices(
        status_pb2.WatchNoticesRequest(), timeout=DEADLINE_S
    )
    try:
        next(iter(watch))
    except grpc.RpcError as error:
        refusal: Any = error
        return refusal.code(), error_info(error).reason
    watch.cancel()
    return None


@contextmanager
def never_reading(daemon: Daemon, connections: int, path: str, request: bytes) -> Iterator[None]:
    """As many streams as connections can have, on sockets that nobody reads, with the largest windows there are."""
    with ExitStack() as stack:
        for _ in range(connections):
            one = Connection(daemon.runtime / "control.sock")
            stack.callback(one.close)
            one.greet()
            for number in range(OF_A_CONNECTION):
                one.call(path, request, 2 * number + 1)
        yield


@pytest.mark.parametrize(
    ("path", "request_"), [(WATCH, EVERY_NOTICE), (READ_LOGS, EVERY_RECORD)], ids=["watch", "logs"]
)
def test_a_thousand_streams_that_nobody_reads_hold_little(served: Daemon, path: str, request_: bytes) -> None:
    """Of 1,024 some are let in, which hold no more than is allowed to each; who acts is answered; all comes back."""
    with channel_to(served) as channel, Client(f"unix://{served.runtime}/control.sock") as client:
        client.status.get()
        before, held = private_bytes(served), descriptors(served)
        with never_reading(served, 8, path, request_):
            wait_until(lambda: open_streams(channel) == MOST_STREAMS, DEADLINE_S, "as many streams as there may be")
            assert refusal_of_a_watch(channel) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
            for _ in range(200):  # news for all watchers, and records for all followers
                client.events.notify("NOTE", "p")
            client.pipelines.stop("p")
            client.pipelines.start("p")
            wait_until(lambda: client.status.get("p").pipelines[0].state == "RUNNING", DEADLINE_S, "p again")
            assert private_bytes(served) - before < MOST_STREAMS * STREAM_BYTES + SLACK_BYTES
        wait_until(lambda: open_streams(channel) == 0, DEADLINE_S, "no stream")
        wait_until(lambda: descriptors(served) <= held, DEADLINE_S, "the descriptors to come back")
    assert tracebacks(served) == []


READER = """
import sys, grpc
from pipertd.rpc import status_pb2, status_pb2_grpc
stub = status_pb2_grpc.StatusServiceStub(grpc.insecure_channel(sys.argv[1]))
watches = [stub.WatchNotices(status_pb2.WatchNoticesRequest()) for _ in range(100)]
for watch in watches:
    next(watch)
print("reading", flush=True)
for watch in watches:
    for _ in watch:
        pass
"""


def test_clients_that_are_stopped_in_the_middle_keep_nobody_else(served: Daemon) -> None:
    """SIGSTOP to a client with a hundred streams: others get their answers, and its end gives all of it back."""
    command = [sys.executable, "-c", READER, f"unix:{served.runtime}/control.sock"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader,
        Client(f"unix://{served.runtime}/control.sock") as client,
        channel_to(served) as channel,
    ):
        try:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
            reader.send_signal(signal.SIGSTOP)
            before = client.status.get().revision
            for _ in range(200):
                client.events.notify("NOTE", "p")
            assert open_streams(channel) == 100
            assert refusal_of_a_watch(channel) is None
            notice = next(each for each in client.status.watch(after_revision=before) if each.kind == "event_raised")
            assert notice.revision > before
        finally:
            reader.kill()
        wait_until(lambda: open_streams(channel) == 0, DEADLINE_S, "no stream")


def test_observers_leave_streams_to_those_who_act(served: Daemon) -> None:
    """When observers have all the streams that they may have, an operator's watch is still let in."""
    with ExitStack() as stack:
        address = f"unix:{served.runtime}/observe.sock"
        options = [("grpc.use_local_subchannel_pool", 1)]
        channels = [stack.enter_context(grpc.insecure_channel(address, options)) for _ in range(2)]
        stubs = [status_pb2_grpc.StatusServiceStub(channel) for channel in channels]
        for number in range(STREAMS_OF_OBSERVERS):
            watch = stubs[number % 2].WatchNotices(status_pb2.WatchNoticesRequest(), timeout=DEADLINE_S)
            next(iter(watch))
            stack.callback(watch.cancel)
        assert refusal_of_a_watch(channels[0]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
        stubs[0].GetStatus(status_pb2.GetStatusRequest(), timeout=DEADLINE_S)
        with channel_to(served) as channel:
            assert refusal_of_a_watch(channel) is None


def stops(served: Daemon, stack: ExitStack, amount: int) -> list[Any]:
    """So many calls at once to stop p, over as many connections as that takes."""
    address, options = f"unix:{served.runtime}/control.sock", [("grpc.use_local_subchannel_pool", 1)]
    calls: list[Any] = []
    for begin in range(0, amount, OF_A_CONNECTION):
        channel = stack.enter_context(grpc.insecure_channel(address, options))
        stub = pipeline_pb2_grpc.PipelineServiceStub(channel)
        request = pipeline_pb2.StopPipelineRequest(target=P)
        calls += [
            stub.StopPipeline.future(request, timeout=DEADLINE_S) for _ in range(min(OF_A_CONNECTION, amount - begin))
        ]
    return calls


@pytest.fixture
def slow_to_stop(daemon: Daemon) -> Iterator[Path]:
    """Where to put a file that lets p stop; its destination is busy until then."""
    gate = daemon.folder / "gate"
    sink = {"class": "routines:Gate", "params": {"file": str(daemon.folder / "n"), "gate": str(gate)}}
    write_definition(
        daemon.definitions / "p.yaml", counts(), sink, sink_flow={"watchdog": {"stop": "10min", "progress": "10min"}}
    )
    daemon.start()
    wait_until((daemon.folder / "n").exists, DEADLINE_S, "the first message")
    yield gate
    gate.touch()


def test_a_crowd_of_calls_that_wait_keeps_no_look_out(daemon: Daemon, slow_to_stop: Path) -> None:
    """Of 900 calls to stop a pipeline some wait, the others are refused at once; a look gets its answer meanwhile."""
    with ExitStack() as stack:
        calls = stops(daemon, stack, 900)
        rest = len(calls) - MOST_CHANGES
        wait_until(lambda: sum(call.done() for call in calls) == rest, DEADLINE_S, "all but those that wait")
        refused = [call.exception() for call in calls if call.done()]
        assert {error_info(error).reason for error in refused} == {"TOO_MANY_CALLS"}
        assert {error.code() for error in refused} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
        assert daemon.status("p")["state"] == "STOPPING"
        slow_to_stop.touch()
        for call in calls:
            if call.exception(DEADLINE_S) is None:
                assert call.result().pipeline.state == pipeline_pb2.STATE_STOPPED
    assert tracebacks(daemon) == []


def test_a_client_that_goes_away_changes_no_outcome(daemon: Daemon, slow_to_stop: Path) -> None:
    """A call to stop that is cancelled, and one whose deadline comes, stop the pipeline as any other."""
    with channel_to(daemon) as channel:
        stub = pipeline_pb2_grpc.PipelineServiceStub(channel)
        cancelled = stub.StopPipeline.future(pipeline_pb2.StopPipelineRequest(target=P))
        wait_until(lambda: daemon.status("p").get("state") == "STOPPING", DEADLINE_S, "the call's arrival")
        cancelled.cancel()
        with pytest.raises(grpc.RpcError) as late:
            stub.StopPipeline(pipeline_pb2.StopPipelineRequest(target=P), timeout=3.0)
        assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        slow_to_stop.touch()
        wait_until(lambda: daemon.status("p").get("state") == "STOPPED", DEADLINE_S, "the stop")
        log = daemon.state / "logs/DAEMON.log"
        wait_until(lambda: log.read_text().count("StopPipeline p: OK") == 2, DEADLINE_S, "both calls in the audit")
    assert tracebacks(daemon) == []


def test_connections_that_take_every_descriptor_stop_no_flow(daemon: Daemon) -> None:
    """While none is left the daemon lives and its flows go on; when they are back it answers as before."""
    numbers = daemon.folder / "n"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(numbers, pause_s=0.01))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p")
    assert daemon.process is not None
    most = descriptors(daemon) + 20
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        for _ in range(100):
            stack.callback(Connection(daemon.runtime / "control.sock").close)
        wait_until(lambda: descriptors(daemon) == most, DEADLINE_S, "no descriptor to be left")
        size = numbers.stat().st_size
        wait_until(lambda: numbers.stat().st_size > size + 1000, DEADLINE_S, "numbers")
        assert daemon.process.poll() is None
    status = wait_until(lambda: daemon.status("p"), DEADLINE_S, "an answer")
    assert (status["state"], [flow["generation"] for flow in status["flows"]]) == ("RUNNING", [1, 1])
    assert daemon.stop() == 0


EVENTS, WATCHERS, FOLLOWERS = 100, 100, 50


def test_a_hundred_watchers_and_fifty_followers_miss_nothing(served: Daemon) -> None:
    """Each is given every notice and every record of a storm, whoever else reads, and whoever does not."""
    with never_reading(served, 1, WATCH, EVERY_NOTICE):  # these have 128 of the streams
        assert asyncio.run(_read_at_once(served, WATCHERS // 2, FOLLOWERS // 2)) == _everything(75)
    with channel_to(served) as channel:
        wait_until(lambda: open_streams(channel) == 0, DEADLINE_S, "their places to be free")
    assert asyncio.run(_read_at_once(served, WATCHERS, FOLLOWERS)) == _everything(150)


def _everything(readers: int) -> list[list[str]]:
    return [[f"E{number:03}" for number in range(EVENTS)]] * readers


async def _read_at_once(served: Daemon, watchers: int, followers: int) -> list[list[str]]:
    """Which events each of the readers hears of, while they are told as fast as it goes."""
    address, options = f"unix:{served.runtime}/control.sock", [("grpc.use_local_subchannel_pool", 1)]
    async with AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(grpc.aio.insecure_channel(address, options)) for _ in range(3)]
        status, logs, events = (
            status_pb2_grpc.StatusServiceStub(channels[0]),
            log_pb2_grpc.LogServiceStub(channels[1]),
            event_pb2_grpc.EventServiceStub(channels[2]),
        )
        watches: list[Any] = [
            status.WatchNotices(status_pb2.WatchNoticesRequest(after_revision=-1)) for _ in range(watchers)
        ]
        follows: list[Any] = [logs.ReadLogs(log_pb2.ReadLogsRequest(follow=True)) for _ in range(followers)]
        for each in (*watches, *follows):
            assert (await each.read()).HasField("progress")
        heard = [asyncio.create_task(_heard(each)) for each in (*watches, *follows)]
        for number in range(EVENTS):
            await events.NotifyEvent(event_pb2.NotifyEventRequest(event=f"E{number:03}", target=P), timeout=DEADLINE_S)
        async with asyncio.timeout(DEADLINE_S):
            return await asyncio.gather(*heard)


async def _heard(stream: Any) -> list[str]:
    """The events of which notices or records tell, until all have come."""
    heard: list[str] = []
    while len(heard) < EVENTS:
        response = await stream.read()
        text = response.notice.message if hasattr(response, "notice") else response.record.message
        heard += re.findall(r"^event (E\d+) went to p", text)
    stream.cancel()
    return heard

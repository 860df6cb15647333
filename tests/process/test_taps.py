"""Links of real flows are looked at, through the daemon: what is seen is whole, and nothing of the pipeline notices."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from PIL import Image

from pipertd.client import AsyncClient, Client, ClientError, NotFound, Unreachable, WrongState
from pipertd.client.records import Passed
from pipertd.client.tapped import read_message
from pipertd.rpc import tap_pb2, tap_pb2_grpc
from tests.process.definitions import HERE, counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

FOREVER = 1_000_000_000
LINK = ("p", "a/source", "b/relay")


@pytest.fixture
def frames(daemon: Daemon) -> Daemon:
    """A daemon with ``p``: a/source → b/relay → c/store, as quick as they are, in slots that are used again at once."""
    flows = {
        "a": {"source": {"class": "frames:Source", "params": {"amount": FOREVER}}},
        "b": {"relay": {"class": "frames:Relay"}},
        "c": {"store": {"class": "frames:Store", "params": {"file": f"{daemon.folder}/seen", "added": 0}}},
    }
    document: dict[str, Any] = {
        "pipeline": "p",
        "path": [str(HERE)],
        "shm_limit": "4M",
        "flows": {
            name: {"routines": routines, "restart": {"backoff": "10ms..10ms", "limit": "1000 in 60s"}}
            for name, routines in flows.items()
        },
        "links": [{"from": "source", "to": ["relay"], "depth": 2}, {"from": "relay", "to": ["store"], "depth": 2}],
    }
    (daemon.definitions / "p.yaml").write_text(json.dumps(document))
    daemon.start()
    wait_until(lambda: delivered(daemon) > 10, DEADLINE_S, "p to run")
    return daemon


def links(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {f"{link['from']} -> {link['to']}": link for link in daemon.status("p").get("links", ())}


def delivered(daemon: Daemon) -> int:
    """How many messages came to their end."""
    count: int = links(daemon).get("b/relay -> c/store", {}).get("delivered", 0)
    return count


def until_more(daemon: Daemon) -> None:
    """Return when more has come to its end than by now: nothing before that is blocked."""
    before = delivered(daemon)
    wait_until(lambda: delivered(daemon) > before + 10, DEADLINE_S, "more messages")


def tap_pids(daemon: Daemon) -> list[int]:
    """The processes that look."""
    assert daemon.process is not None
    threads = Path(f"/proc/{daemon.process.pid}/task").iterdir()
    children = [pid for thread in threads for pid in what_it_says(thread / "children").split()]
    return [int(pid) for pid in children if b"pipertd.tap" in what_it_says(Path(f"/proc/{pid.decode()}/cmdline"))]


def what_it_says(file: Path) -> bytes:
    """Of a process or a thread; empty where that is gone."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def is_whole(passed: Passed) -> bool:
    """Whether a message of this pipeline holds what its number says, in each of its bytes."""
    assert passed.messagepack is not None, passed.omitted
    message = read_message(passed.messagepack)
    array = message["array"]
    return bool(array.size and np.all(array == message["number"] % 251))


def settled_count(daemon: Daemon) -> None:
    """Stop the pipeline: on every link each message that was produced came to an end that was counted."""
    assert daemon.ctl("stop", "p").returncode == 0
    for link in links(daemon).values():
        assert link["produced"] == link["delivered"] + link["failed"] + sum(link["dropped"].values())
        assert link["failed"] == 0, "a routine saw a torn message"


@pytest.mark.parametrize("source", ["a/source", "b/relay"])
def test_what_is_seen_is_whole_whatever_dies(frames: Daemon, source: str) -> None:
    """Through kill -9 of each flow and a pause the tap goes on, in order, and shows no torn message."""
    ends = {"a/source": "b/relay", "b/relay": "c/store"}
    seen: list[int] = []
    overtaken = 0
    with Client(frames.address) as client, client.taps.look("p", source, ends[source]) as tap:
        for flow in ("a", "b", "c", "b"):
            client.pipelines.kill(f"p/{flow}")
            for passed, _ in zip(tap, range(150), strict=False):
                assert is_whole(passed)
                seen.append(passed.sequence)
                overtaken += passed.overtaken
        client.pipelines.pause("p")
        client.pipelines.resume("p")
        assert is_whole(next(tap))
        assert len(tap_pids(frames)) == 1
    assert seen == sorted(set(seen))
    assert len(seen) == 600
    wait_until(lambda: not tap_pids(frames), DEADLINE_S, "the tap's end")
    settled_count(frames)


def test_it_is_told_what_it_did_not_see(frames: Daemon) -> None:
    """What is skipped and what is sent make up all that passed, without a gap."""
    with Client(frames.address) as client, client.taps.look(*LINK, interval_s=0.02) as tap:
        first, *more = [next(tap) for _ in range(10)]
    place = first.sequence
    for passed in more:
        assert passed.sequence == place + 1 + passed.skipped
        assert 0 <= passed.overtaken <= passed.skipped
        place = passed.sequence


def test_it_holds_what_it_needs_and_cannot_write(frames: Daemon) -> None:
    """Its segments are open for reading, one mapped so; it has nothing else but a socket, and the least share."""
    with Client(frames.address) as client, client.taps.look("p", "b/relay", "c/store") as tap:
        next(tap)
        (pid,) = tap_pids(frames)
        opened = {int(fd.name): os.readlink(fd) for fd in Path(f"/proc/{pid}/fd").iterdir()}
        segments = [fd for fd, path in opened.items() if "/pipertd-" in path]
        assert len({opened[fd] for fd in segments}) == 3, (
            "the ledger of b/relay, and the pools of both that its messages may lie in"
        )
        for fd in segments:
            flags = next(line for line in Path(f"/proc/{pid}/fdinfo/{fd}").read_text().splitlines() if "flags" in line)
            assert int(flags.split()[1], 8) & os.O_ACCMODE == os.O_RDONLY
        others = [path for fd, path in opened.items() if fd > 2 and fd not in segments]
        assert [path.partition(":")[0] for path in others] == ["socket"]
        maps = [line for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "/pipertd-" in line]
        assert [line.split()[1] for line in maps] == ["r--s"]
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19
        group = Path(f"/proc/{pid}/autogroup")
        assert not group.exists() or group.read_text().endswith(" nice 10\n")


def test_who_is_stopped_slows_nothing_and_who_is_killed_says_so(frames: Daemon) -> None:
    """Messages pass while a tap is stopped, while one has no credit, and when one is killed; the client hears of it."""
    with Client(frames.address) as client:
        idle = client.taps.look(*LINK)
        next(idle)  # and asks for no other
        (unread,) = tap_pids(frames)
        stopped = client.taps.look(*LINK, resume=False)
        next(stopped)
        (victim,) = [pid for pid in tap_pids(frames) if pid != unread]
        os.kill(victim, signal.SIGSTOP)
        until_more(frames)
        wait_until(lambda: in_poll_without_end(unread), DEADLINE_S, "the tap without credit to sleep")
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(Unreachable, match="the process that looked died"):
            next(stopped)
        until_more(frames)
        assert tap_pids(frames) == [unread]
        assert is_whole(next(idle))
        idle.close()
        wait_until(lambda: not tap_pids(frames), DEADLINE_S, "the tap's end")
    settled_count(frames)


NEVER_READING = """
import sys, threading
import grpc
from pipertd.rpc import tap_pb2, tap_pb2_grpc

def requests():
    start = tap_pb2.TapStart(pipeline="p", source="a/source", destination="b/relay", credit=64)
    yield tap_pb2.TapLinkRequest(start=start)
    threading.Event().wait()

channel = grpc.insecure_channel(sys.argv[1])
call = tap_pb2_grpc.TapServiceStub(channel).TapLink(requests())
threading.Event().wait()
"""


def test_who_never_reads_blocks_no_producer(frames: Daemon) -> None:
    """A link that waits does so for its consumers, and for no client that has credit, is stopped, and reads nothing."""
    client = subprocess.Popen([sys.executable, "-c", NEVER_READING, f"unix:{frames.runtime / 'control.sock'}"])
    try:
        (pid,) = wait_until(lambda: tap_pids(frames), DEADLINE_S, "the tap")
        client.send_signal(signal.SIGSTOP)
        wait_until(lambda: is_stuck_sending(pid), DEADLINE_S, "the tap to find no room for what it sends")
        for _ in range(3):
            until_more(frames)
        assert is_stuck_sending(pid)
    finally:
        client.kill()
        client.wait()
    wait_until(lambda: not tap_pids(frames), DEADLINE_S, "the tap's end")
    settled_count(frames)


def is_stuck_sending(pid: int) -> bool:
    """Whether a process waits in sendto(2) until somebody has read what it sent before."""
    return what_it_says(Path(f"/proc/{pid}/syscall")).startswith(b"44 ")


def in_poll_without_end(pid: int) -> bool:
    """Whether a process sleeps in poll(2) with no timeout: it costs no processor at all."""
    call, *arguments = Path(f"/proc/{pid}/syscall").read_text().split()
    return call == "7" and int(arguments[2], 16) & 0xFFFFFFFF == 0xFFFFFFFF


def test_it_ends_with_its_run_and_begins_again_with_the_next(frames: Daemon) -> None:
    """A tap keeps no memory of a run that is over, not even one that nobody reads; the client finds the next run."""
    with Client(frames.address) as client:
        tap = client.taps.look(*LINK)
        next(tap)
        (pid,) = tap_pids(frames)
        os.kill(pid, signal.SIGSTOP)
        client.pipelines.stop("p", now=True)
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), DEADLINE_S, "the tap's end")
        client.pipelines.start("p")
        assert is_whole(next(tap))
        unresumed = client.taps.look(*LINK, resume=False)
        next(unresumed)
        client.pipelines.stop("p", now=True)
        with pytest.raises(Unreachable, match="the run of p is over"):
            for _ in unresumed:
                pass
        with pytest.raises(WrongState, match="STOPPED"):
            for _ in tap:
                pass


def test_it_ends_with_its_daemon_also_while_it_is_stopped(frames: Daemon) -> None:
    """A daemon that dies by kill -9 leaves no tap; the next one goes on with the flows, the client with its look."""
    with Client(frames.address) as client:
        tap = client.taps.look(*LINK)
        next(tap)
        (pid,) = tap_pids(frames)
        os.kill(pid, signal.SIGSTOP)
        frames.kill()
        wait_until(lambda: not Path(f"/proc/{pid}").exists(), DEADLINE_S, "the tap's end")
        frames.start()
        frames.wait_for("pipeline_adopted")
        assert is_whole(next(tap))
        tap.close()


def test_it_ends_with_its_link(frames: Daemon) -> None:
    """Whoever looks at a link that is taken away is told, and finds it again when it is back."""
    with Client(frames.address) as client:
        client.pipelines.link("p", "source", "store")
        tap = client.taps.look("p", "source", "store")
        assert is_whole(next(tap))
        client.pipelines.unlink("p", "source", "store")
        with pytest.raises(NotFound, match="a/source -> c/store"):
            for _ in tap:
                pass
        client.pipelines.link("p", "source", "store")
        with client.taps.look("p", "source", "store") as again:
            assert is_whole(next(again))


def test_an_awaited_client_looks_too(frames: Daemon) -> None:
    """The same calls, on an event loop."""

    async def look() -> list[Passed]:
        async with AsyncClient(frames.address) as client, client.taps.look(*LINK) as tap:
            return [await anext(tap) for _ in range(20)]

    assert all(is_whole(passed) for passed in asyncio.run(look()))
    wait_until(lambda: not tap_pids(frames), DEADLINE_S, "the tap's end")


def test_pictures_are_pictures_and_what_is_too_long_is_said(frames: Daemon) -> None:
    """An array of one dimension is none, and comes as MessagePack; what is over the limit is omitted in words."""
    with Client(frames.address) as client:
        with client.taps.look(*LINK, form="png") as tap:
            assert is_whole(next(tap))
        with client.taps.look(*LINK, most_bytes=100) as tap:
            omitted = next(passed for passed in tap if passed.omitted)
    assert omitted.messagepack is None
    assert omitted.omitted == f"it is {omitted.length} bytes long, and 100 are sent at most"


def test_a_frame_is_seen_as_a_picture(daemon: Daemon) -> None:
    """The picture of a loan that was filled in place is the array of the message."""
    write_definition(
        daemon.definitions / "p.yaml",
        {"class": "routines:Zeros", "fps": 50, "params": {"amount": FOREVER}},
        {"class": "routines:Look", "params": {"file": f"{daemon.folder}/sums"}},
    )
    daemon.start()
    daemon.wait_for("flow_started", "b")
    with Client(daemon.address) as client, client.taps.look("p", "count", "sink", form="jpeg", picture_width=50) as tap:
        picture = next(tap).picture
    assert picture is not None
    assert (picture.path, picture.width, picture.height) == (".array", 50, 25)
    image = Image.open(io.BytesIO(picture.data))
    assert (image.format, image.getextrema()) == ("JPEG", (0, 0))


@pytest.fixture
def small(daemon: Daemon, tmp_path: Path) -> Daemon:
    """A daemon with ``p``, a/count → b/sink, and ``q``, which is loaded and does not run, with a link within a flow."""
    write_definition(daemon.definitions / "p.yaml", {**counts(), "fps": 100}, writes(tmp_path / "out"))
    write_definition(
        daemon.definitions / "q.yaml",
        counts(),
        writes(tmp_path / "out"),
        autostart=False,
        flows={"a": {"routines": {"count": counts(), "sink": writes(tmp_path / "other")}}},
    )
    daemon.start()
    daemon.wait_loaded()
    daemon.wait_for("flow_started", "b")
    return daemon


def test_what_cannot_be_seen_is_refused_in_words(small: Daemon) -> None:
    """Each mistake gets its own error."""
    with Client(small.address) as client:
        refusals: list[tuple[tuple[str, str, str], type[ClientError], str]] = [
            (("r", "count", "sink"), NotFound, "cannot find r"),
            (("p", "nobody", "sink"), NotFound, "cannot find routine 'nobody' of p"),
            (("p", "sink", "count"), NotFound, "cannot find link b/sink -> a/count of p"),
            (("q", "count", "sink"), ClientError, "lies within one flow"),
        ]
        for link, kind, text in refusals:
            with pytest.raises(kind, match=text):
                next(client.taps.look(*link))
        client.pipelines.stop("p")
        with pytest.raises(WrongState, match="cannot tap a/count -> b/sink of p: it is STOPPED"):
            next(client.taps.look("p", "count", "sink"))


def test_as_many_as_may_be_are_open_and_no_more(small: Daemon) -> None:
    """The ninth is refused; when one ends, there is room for another."""
    with Client(small.address) as client:
        taps = [client.taps.look("p", "count", "sink") for _ in range(8)]
        for tap in taps:
            next(tap)
        with pytest.raises(ClientError, match="8 taps are open already") as refused:
            next(client.taps.look("p", "count", "sink"))
        assert (refused.value.code, refused.value.reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_TAPS")
        taps.pop().close()
        wait_until(lambda: len(tap_pids(small)) == 7, DEADLINE_S, "one to end")
        next(client.taps.look("p", "count", "sink"))


START = tap_pb2.TapStart(pipeline="p", source="count", destination="sink")
BAD = [
    ([tap_pb2.TapLinkRequest(credit=1)], "the first request says what to look at"),
    ([tap_pb2.TapLinkRequest()], "the first request says what to look at"),
    ([tap_pb2.TapLinkRequest(start=tap_pb2.TapStart(credit=65))], "a credit of 65: it is 0 to 64"),
    ([tap_pb2.TapLinkRequest(start=tap_pb2.TapStart(credit=-1))], "a credit of -1"),
    ([tap_pb2.TapLinkRequest(start=tap_pb2.TapStart(picture_width=-1))], "a picture_width of -1"),
    ([tap_pb2.TapLinkRequest(start=tap_pb2.TapStart(most_bytes=1 << 30))], "most_bytes of"),
    ([tap_pb2.TapLinkRequest(start=tap_pb2.TapStart(format=9))], "format 9"),  # type: ignore[arg-type]
    ([tap_pb2.TapLinkRequest(start=START), tap_pb2.TapLinkRequest(start=START)], "cannot begin a tap again"),
    ([tap_pb2.TapLinkRequest(start=START), tap_pb2.TapLinkRequest(credit=0)], "cannot grant credit 0"),
    ([tap_pb2.TapLinkRequest(start=START), tap_pb2.TapLinkRequest(credit=64)], "cannot grant credit 64"),
]


def test_what_no_client_of_ours_would_say_is_refused(small: Daemon) -> None:
    """INVALID_ARGUMENT, with what is wrong; and a client that only ends its side ends its tap without an error."""

    def waiting_behind(requests: list[tap_pb2.TapLinkRequest]) -> Iterator[tap_pb2.TapLinkRequest]:
        yield from requests
        ended = threading.Event()
        if call.add_callback(ended.set):  # the daemon ends it
            ended.wait()

    with grpc.insecure_channel(small.address.replace("unix://", "unix:")) as channel:
        stub = tap_pb2_grpc.TapServiceStub(channel)
        for requests, text in BAD:
            call = stub.TapLink(waiting_behind(requests))
            with pytest.raises(grpc.RpcError) as refused:
                list(call)
            assert (refused.value.code(), text in (refused.value.details() or "")) == (
                grpc.StatusCode.INVALID_ARGUMENT,
                True,
            ), refused.value
        assert len(list(stub.TapLink(iter([tap_pb2.TapLinkRequest(start=START)])))) <= 1
    wait_until(lambda: not tap_pids(small), DEADLINE_S, "the taps' end")

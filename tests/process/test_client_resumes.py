"""Clients that outlive their daemon: what they watch and follow goes on without a gap and without a double."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipertd.client import AsyncClient, Client
from pipertd.client.records import Notice, Record
from tests.process.definitions import write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

OF_THE_DAEMON = ("pipertd.notice", "pipertd.daemon", "pipertd.control", "pipertd.supervisor", "asyncio")
ENDS = (signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1, signal.SIGKILL, signal.SIGTERM) * 2


class Heard:
    """What one watcher of notices and three followers of logs were given."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.everything: list[Record] = []
        self.flow: list[Record] = []
        self.routine: list[Record] = []

    def lists(self) -> tuple[list[Notice] | list[Record], ...]:
        return self.notices, self.everything, self.flow, self.routine


@contextmanager
def listening_threads(address: str) -> Iterator[Heard]:
    """Four threads of one Client listen until the block ends."""
    heard = Heard()
    with Client(address) as client:
        listeners: tuple[Callable[[], None], ...] = (
            lambda: heard.notices.extend(client.status.watch(after_revision=0)),
            lambda: heard.everything.extend(client.logs.read(follow=True, limit=100_000)),
            lambda: heard.flow.extend(client.logs.read("talk/a", follow=True, limit=100_000)),
            lambda: heard.routine.extend(client.logs.read("talk/a/count", follow=True, limit=100_000)),
        )
        threads = [threading.Thread(target=each) for each in listeners]
        for thread in threads:
            thread.start()
        yield heard
    for thread in threads:
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


@contextmanager
def listening_tasks(address: str) -> Iterator[Heard]:
    """Four tasks of one AsyncClient listen, on a thread of their own, until the block ends."""
    heard = Heard()
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()
    over = asyncio.Event()

    async def listen() -> None:
        async with AsyncClient(address) as client, asyncio.TaskGroup() as group:

            async def watch() -> None:
                async for notice in client.status.watch(after_revision=0):
                    heard.notices.append(notice)

            async def follow(target: str | None, records: list[Record]) -> None:
                async for record in client.logs.read(target, follow=True, limit=100_000):
                    records.append(record)  # noqa: PERF401 - each is there as soon as it came

            tasks = [
                group.create_task(watch()),
                group.create_task(follow(None, heard.everything)),
                group.create_task(follow("talk/a", heard.flow)),
                group.create_task(follow("talk/a/count", heard.routine)),
            ]
            await over.wait()
            for task in tasks:
                task.cancel()

    thread = threading.Thread(target=runner.run, args=(listen(),))
    thread.start()
    try:
        yield heard
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(DEADLINE_S)
        assert not thread.is_alive()
        runner.close()  # which also ends the reads that nobody waits for any more


def test_ten_restarts_of_the_daemon_leave_no_gap_and_no_double(daemon: Daemon, tmp_path: Path) -> None:
    """However a daemon goes, who watches it and follows its logs is given every notice and record once, in order."""
    talk = {"class": "routines:Talk", "params": {}, "fps": 100}
    write_definition(daemon.definitions / "talk.yaml", talk, writes(tmp_path / "numbers"))
    daemon.start()
    daemon.wait_for("flow_started", flow="a")
    with listening_threads(daemon.address) as blocking, listening_tasks(daemon.address) as awaited:
        everyone = (*blocking.lists(), *awaited.lists())
        _wait_for_news(everyone, of_s=0.0)
        for end in ENDS:
            assert daemon.process is not None
            daemon.process.send_signal(end)
            daemon.process.wait(DEADLINE_S)
            gone_s = time.time()
            daemon.start()
            _wait_for_news(everyone, of_s=gone_s)
        with Client(daemon.address) as client:
            client.pipelines.stop("talk")
            last = client.status.get().revision
            written = list(client.logs.read())
        by_writer = _by_writer(written)
        of_the_routine = [each.message for each in written if each.routine == "count"]
        for heard in (blocking, awaited):
            _wait_for(heard, last, by_writer, of_the_routine)
            assert [notice.revision for notice in heard.notices][:last] == list(range(1, last + 1))
            everything = _by_writer(heard.everything)
            assert {writer: everything[writer][: len(lines)] for writer, lines in by_writer.items()} == by_writer
            assert _by_writer(heard.flow)["a"] == by_writer["a"]
            assert _by_writer(heard.routine)["a"] == of_the_routine
    for numbers in _numbers(by_writer["a"]).values():
        assert numbers == list(range(len(numbers)))


def _wait_for_news(everyone: Sequence[list[Notice] | list[Record]], of_s: float) -> None:
    """Wait until everybody was given something younger: what came after a daemon's death is not from that one."""
    wait_until(
        lambda: all(each and each[-1].time_s > of_s for each in everyone),
        DEADLINE_S,
        "everybody to hear of this daemon",
    )


def _wait_for(heard: Heard, last: int, by_writer: dict[str, list[str]], of_the_routine: list[str]) -> None:
    """Wait until everybody was given what was there; the daemon may say more meanwhile, but the flows are down."""
    wait_until(lambda: heard.notices[-1].revision >= last, DEADLINE_S, f"revision {last}")
    for records, expected, writers in (
        (heard.everything, by_writer, ("a", "b", "daemon")),
        (heard.flow, by_writer, ("a",)),
        (heard.routine, {"a": of_the_routine}, ("a",)),
    ):
        wait_until(lambda: _has_all(_by_writer(records), expected, writers), DEADLINE_S, "the last line")  # noqa: B023


def _has_all(found: dict[str, list[str]], expected: dict[str, list[str]], writers: tuple[str, ...]) -> bool:
    return all(len(found[writer]) >= len(expected[writer]) for writer in writers)


def _by_writer(records: Iterable[Record]) -> dict[str, list[str]]:
    """What each flow wrote, and the daemons; records of different writers have no order."""
    found: dict[str, list[str]] = defaultdict(list)
    for record in records:
        found["daemon" if record.logger.startswith(OF_THE_DAEMON) else record.flow].append(record.message)
    return found


def _numbers(lines: Iterable[str]) -> dict[str, list[int]]:
    """The numbers of the lines that each process spoke."""
    found: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        if spoken := re.fullmatch(r"line (\d+) of (\d+)", line):
            found[spoken[2]].append(int(spoken[1]))
    return found

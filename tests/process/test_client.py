"""pipertd.client against a real daemon, blocking and awaited."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pipertd.client import AsyncClient, Client, ClientError, NoRoom, NotFound, RevisionTooOld, Unreachable, WrongState
from pipertd.client.records import Handler
from pipertd.client.streams import MOST_STREAMS
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def numbers(daemon: Daemon, tmp_path: Path) -> Daemon:
    write_definition(daemon.definitions / "numbers.yaml", counts(3), writes(tmp_path / "out"))
    daemon.start()
    daemon.wait_for("pipeline_ended")
    return daemon


def test_a_call_blocks_or_is_awaited_and_says_the_same(numbers: Daemon) -> None:
    """What a Client answers, an AsyncClient answers too: records, and errors by their class."""
    with Client(numbers.address) as client:
        got = client.pipelines.get("numbers")
        listed = client.pipelines.list()
        with pytest.raises(NotFound, match="nothing"):
            client.pipelines.get("nothing")
        with pytest.raises(WrongState):
            client.pipelines.pause("numbers")

    async def ask() -> None:
        async with AsyncClient(numbers.address) as client:
            assert (await client.pipelines.get("numbers")).links == got.links
            assert [each.links for each in await client.pipelines.list()] == [each.links for each in listed]
            with pytest.raises(NotFound, match="nothing"):
                await client.pipelines.get("nothing")
            with pytest.raises(WrongState):
                await client.pipelines.pause("numbers")

    asyncio.run(ask())
    assert (got.name, got.state, got.links[0].delivered) == ("numbers", "EXITED", 3)


def test_a_watcher_behind_a_snapshot_misses_nothing(numbers: Daemon) -> None:
    """The notices behind a snapshot's revision come in order and without a gap, blocking and awaited."""
    with Client(numbers.address) as client:
        before = client.status.get()
        client.pipelines.start("numbers")
        numbers.wait_for("pipeline_ended", count=2)
        last = client.status.get().revision
        expected = list(range(before.revision + 1, last + 1))
        with client.status.watch(after_revision=before.revision, epoch=before.epoch) as notices:
            assert [next(notices).revision for _ in expected] == expected

    async def watch() -> list[int]:
        async with AsyncClient(numbers.address) as client:
            notices = client.status.watch(after_revision=before.revision, epoch=before.epoch)
            return [(await anext(notices)).revision for _ in expected]

    assert asyncio.run(watch()) == expected


def test_nobody_at_the_address_is_an_error_at_once(tmp_path: Path) -> None:
    """Where no daemon answered yet, a call and a stream that resumes say so; they do not wait for one."""
    with Client(f"{tmp_path}/none.sock") as client:
        with pytest.raises(Unreachable, match="there is no such socket"):
            client.status.get()
        with pytest.raises(Unreachable, match="there is no such socket"):
            next(client.status.watch())

    async def ask() -> None:
        async with AsyncClient(f"{tmp_path}/none.sock") as client:
            with pytest.raises(Unreachable, match="there is no such socket"):
                await client.status.get()
            with pytest.raises(Unreachable, match="there is no such socket"):
                await anext(client.status.watch())

    asyncio.run(ask())


def test_who_asks_a_daemon_that_stops_is_told_that_it_is_gone(numbers: Daemon) -> None:
    """However far the question had come, also where nobody had begun with it: it is one error, blocking and awaited."""
    each_way = 6
    asked, told = set[str](), list[ClientError]()

    def ask(who: str) -> None:
        with Client(numbers.address) as client:
            try:
                while True:
                    client.status.get()
                    asked.add(who)
            except ClientError as error:
                told.append(error)

    async def ask_and_await(who: str) -> None:
        async with AsyncClient(numbers.address) as client:
            try:
                while True:
                    await client.status.get()
                    asked.add(who)
            except ClientError as error:
                told.append(error)

    async def all_awaited() -> None:
        await asyncio.gather(*(ask_and_await(f"awaited {number}") for number in range(each_way)))

    threads = [threading.Thread(target=ask, args=(f"blocking {number}",)) for number in range(each_way)]
    threads.append(threading.Thread(target=lambda: asyncio.run(all_awaited())))
    for thread in threads:
        thread.start()
    wait_until(lambda: len(asked) == 2 * each_way, DEADLINE_S, "all to be answered once")
    numbers.stop()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert [(type(error), error.code) for error in told] == [(Unreachable, "UNAVAILABLE")] * 2 * each_way


def test_a_stream_that_is_closed_ends_where_it_waits(numbers: Daemon) -> None:
    """Closed by another thread or task, by its client, or by cancellation, a waiting stream ends; nothing is left."""
    with Client(numbers.address) as client:
        notices = client.status.watch()
        ended = threading.Thread(target=list, args=(notices,))
        ended.start()
        wait_until(lambda: client.status.daemon().open_streams, DEADLINE_S, "the stream to be open")
        notices.close()
        ended.join()
        wait_until(lambda: not client.status.daemon().open_streams, DEADLINE_S, "the stream to be closed")
        records = client.logs.read(follow=True)
        ended = threading.Thread(target=list, args=(records,))
        ended.start()
        wait_until(lambda: client.status.daemon().open_streams, DEADLINE_S, "the other stream to be open")
    ended.join()

    async def watch() -> None:
        async with AsyncClient(numbers.address) as client:
            notices = client.status.watch()
            waiting = asyncio.ensure_future(anext(notices, None))
            await client.status.get()
            await notices.aclose()
            assert await waiting is None
            task = asyncio.ensure_future(anext(client.logs.read(follow=True)))
            await client.status.get()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            notices = client.status.watch()
            waiting = asyncio.ensure_future(anext(notices, None))
            await client.status.get()
        assert await waiting is None

    asyncio.run(watch())


def test_events_are_answered_and_their_handlers_known(daemon: Daemon, tmp_path: Path) -> None:
    """An event's answers are plain values, and what can be notified is known by name, type and description."""
    write_definition(daemon.definitions / "numbers.yaml", counts(), writes(tmp_path / "out", pause_s=0.01))
    daemon.start()
    daemon.wait_for("flow_started", flow="b")
    with Client(daemon.address) as client:
        wait_until(lambda: client.pipelines.get("numbers").state == "RUNNING", DEADLINE_S, "both flows")
        (answer,) = client.events.notify("NOTE", "numbers/b", {"text": 5}, timeout_s=DEADLINE_S)
        assert (answer.routine, answer.value, answer.error) == ("sink", {"noted": 5, "generation": 1}, None)
        handlers = wait_until(lambda: _handlers_of_all(client), DEADLINE_S, "both flows to tell their handlers")
        (note,) = [each for each in handlers if each.event == "NOTE"]
        assert [(each.name, each.type, each.optional) for each in note.parameters] == [("text", "str | int", False)]
        client.pipelines.stop("numbers", now=True)
        assert set(client.events.handlers("numbers").silent) == {"a", "b"}


def _handlers_of_all(client: Client) -> tuple[Handler, ...]:
    """The handlers of the pipeline; none as long as a flow is silent."""
    told = client.events.handlers("numbers")
    return () if told.silent else told.handlers


def test_definitions_are_checked_before_they_are_there(numbers: Daemon) -> None:
    """Text that was never a file of the daemon's machine is checked, with the place of each mistake."""
    with Client(numbers.address) as client:
        found = client.pipelines.check({"new.yaml": "pipeline: new\nflows: 5\n"})
    assert [(each.file, each.line, each.path) for each in found.problems] == [("new.yaml", 2, "flows")]
    assert found.pipelines == ()


def test_a_revision_that_is_no_longer_kept_says_what_is(numbers: Daemon) -> None:
    """Who asks for notices of another epoch, or of a time to come, is told the revisions that there are."""
    with Client(numbers.address) as client:
        status = client.status.get()
        for revision, epoch in ((status.revision, "another"), (status.revision + 10, status.epoch)):
            with pytest.raises(RevisionTooOld) as refused:
                next(client.status.watch(after_revision=revision, epoch=epoch))
            assert (refused.value.oldest, refused.value.newest) == (1, status.revision)


def test_a_stream_that_nobody_reads_any_more_is_given_back(numbers: Daemon) -> None:
    """A loop that is left by break, blocking or awaited, leaves no stream open at the daemon."""
    with Client(numbers.address) as client:
        for notice in client.status.watch(after_revision=0):
            assert notice.revision == 1
            break
        wait_until(lambda: client.status.daemon().open_streams == 0, DEADLINE_S, "the stream to be closed")

    async def watch() -> None:
        async with AsyncClient(numbers.address) as client:
            async for notice in client.status.watch(after_revision=0):
                assert notice.revision == 1
                break
            async with asyncio.timeout(DEADLINE_S):
                while (await client.status.daemon()).open_streams:
                    pass

    asyncio.run(watch())


def test_a_wait_that_is_given_up_takes_no_item_away(numbers: Daemon) -> None:
    """Whoever stops to wait for a notice, by a timeout, finds the stream as it was."""

    async def watch() -> None:
        async with AsyncClient(numbers.address) as client:
            before = await client.status.get()
            notices = client.status.watch(after_revision=before.revision, epoch=before.epoch)
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(notices), 0.05)
            await client.pipelines.start("numbers")
            assert (await anext(notices)).revision == before.revision + 1

    asyncio.run(watch())


BLOCKING = """
import sys
from pipertd.client import Client
with Client(sys.argv[1]) as client:
    for notice in client.status.watch(after_revision=0):
        print(notice.revision, flush=True)
"""
AWAITED = """
import asyncio, sys
from pipertd.client import AsyncClient
async def watch():
    async with AsyncClient(sys.argv[1]) as client:
        async for notice in client.status.watch(after_revision=0):
            print(notice.revision, flush=True)
asyncio.run(watch())
"""


@pytest.mark.parametrize("program", [BLOCKING, AWAITED])
def test_ctrl_c_ends_a_program_that_watches(numbers: Daemon, program: str) -> None:
    """A program that waits for a notice ends by KeyboardInterrupt, with no other word."""
    with subprocess.Popen(
        [sys.executable, "-c", program, numbers.address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watcher:
        assert watcher.stdout is not None
        assert watcher.stderr is not None
        last = numbers.wait_for("pipeline_ended")["revision"]
        assert any(int(line) == last for line in watcher.stdout)
        watcher.send_signal(signal.SIGINT)
        assert watcher.wait(DEADLINE_S) == -signal.SIGINT
        said = watcher.stderr.read()
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert "ignored" not in said
    assert "never" not in said


def test_each_client_has_its_own_place_for_streams(numbers: Daemon) -> None:
    """Of 160 streams over two clients of one process, and of 160 that are awaited, each is given what it asked for."""
    with Client(numbers.address) as first, Client(numbers.address) as second:
        open_now = [client.status.watch(after_revision=0) for client in (first, second) for _ in range(80)]
        assert {next(each).revision for each in open_now} == {1}

    async def watch() -> None:
        async with AsyncClient(numbers.address) as first, AsyncClient(numbers.address) as second:
            open_now = [client.status.watch(after_revision=0) for client in (first, second) for _ in range(80)]
            async with asyncio.timeout(DEADLINE_S):
                assert {(await anext(each)).revision for each in open_now} == {1}

    asyncio.run(watch())


def test_one_stream_too_many_is_refused_at_once(numbers: Daemon) -> None:
    """It does not wait in silence for another to end; calls still get through, and who closes one may have another."""
    with Client(numbers.address) as client:
        streams = [client.status.watch(after_revision=0) for _ in range(MOST_STREAMS)]
        assert {next(each).revision for each in streams} == {1}
        with pytest.raises(NoRoom, match=f"this client has {MOST_STREAMS} open, which is the most"):
            client.status.watch()
        assert client.status.daemon().open_streams == MOST_STREAMS
        streams.pop().close()
        assert next(client.status.watch(after_revision=0)).revision == 1

    async def watch() -> None:
        async with AsyncClient(numbers.address) as client:
            streams = [client.status.watch(after_revision=0) for _ in range(MOST_STREAMS)]
            with pytest.raises(NoRoom):
                client.status.watch()
            await streams.pop().aclose()
            async with asyncio.timeout(DEADLINE_S):
                assert (await anext(client.status.watch(after_revision=0))).revision == 1

    asyncio.run(watch())

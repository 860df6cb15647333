"""The notices in the file and in memory."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipertd.errors import RevisionTooOld
from pipertd.supervisor.history import History
from pipertd.supervisor.view import NoticeKind
from tests.waiting import wait_until


@contextmanager
def opened(file: Path, kept: int = 100) -> Iterator[History]:
    history = History(file, kept=kept)
    try:
        yield history
    finally:
        history.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notices.jsonl"


def record(history: History, *messages: str) -> None:
    for message in messages:
        history.record(NoticeKind.FLOW_STARTED, message, pipeline="p", details={"pid": "1"})


def messages(history: History, revision: int) -> list[str]:
    return [notice.message for notice in history.since(revision)]


def test_notices_follow_their_revision(file: Path) -> None:
    """A reader gets exactly what it has not seen."""
    with opened(file) as history:
        record(history, "a", "b", "c")
        assert [messages(history, revision) for revision in (0, 2, 3)] == [["a", "b", "c"], ["c"], []]


def test_next_daemon_goes_on_in_the_same_epoch(file: Path) -> None:
    """A restart of the daemon loses no notice and no reader's place."""
    with opened(file) as history:
        record(history, "a", "b")
        epoch, notices = history.epoch, history.since(0)
    with opened(file) as history:
        assert (history.epoch, history.revision, history.since(0)) == (epoch, 2, notices)
        record(history, "c")
        assert messages(history, 2) == ["c"]


def test_torn_tail_is_cut(file: Path) -> None:
    """Half a notice was never shown, so its revision is given out again."""
    with opened(file) as history:
        record(history, "a")
    with file.open("a") as torn:
        torn.write('{"revision": 2, "mess')
    with opened(file) as history:
        record(history, "b")
        assert messages(history, 0) == ["a", "b"]
    assert [json.loads(line)["message"] for line in file.read_text().splitlines()[1:]] == ["a", "b"]


def test_other_boot_begins_an_epoch(file: Path) -> None:
    """After a power cut the tail may be lost: no revision of before is continued."""
    with opened(file) as history:
        record(history, "a")
        epoch = history.epoch
    header, *lines = file.read_text().splitlines(keepends=True)
    file.write_text(json.dumps({**json.loads(header), "boot": "another"}) + "\n" + "".join(lines))
    with opened(file) as history:
        assert messages(history, 0) == ["a"]
        with pytest.raises(RevisionTooOld):
            history.since(1, epoch)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"garbage\n", "its first line is none of a file of notices"),
        (b"[1]\n", "its first line is none of a file of notices"),
        (b'{"epoch": "e", "bo', "its first line is none of a file of notices"),
        (bytes(4096), "its first line is none of a file of notices"),
        (
            b'{"version": 2, "epoch": "e", "boot": "b", "more": 1}\nwhatever\n',
            "it is of version 2, and this pipertd reads",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_and_said(file: Path, content: bytes, why: str) -> None:
    """Garbage, and what a newer pipertd wrote, is no history of ours: it lies aside, whole, and an epoch begins."""
    file.write_bytes(content)
    with opened(file) as history:
        (notice,) = history.since(0)
        assert (notice.kind, bool(history.epoch)) == (NoticeKind.STATE_UNREADABLE, True)
        assert why in notice.message
    assert Path(notice.details["path"]).read_bytes() == content
    with opened(file) as history:
        assert history.since(0) == (notice,)


def test_nobody_waits_for_what_is_no_file(file: Path) -> None:
    """A FIFO of that name holds no start of the daemon up: it lies aside like all that cannot be read."""
    os.mkfifo(file)
    with opened(file) as history:
        (notice,) = history.since(0)
        assert "it is no regular file" in notice.message
    assert file.is_file()


def test_nothing_that_lies_in_the_way_of_a_new_file_is_written_into(file: Path) -> None:
    """A FIFO there is replaced, and no start of the daemon waits for it."""
    os.mkfifo(file.with_name(f"{file.name}.new"))
    with opened(file):
        assert file.is_file()
    assert list(file.parent.iterdir()) == [file]


def test_a_damaged_line_costs_those_before_it(file: Path) -> None:
    """Revisions have no gaps: what is behind the damage is kept, in a new epoch, and all of it lies aside."""
    with opened(file) as history:
        record(history, *"abcd")
        epoch = history.epoch
    header, *lines = file.read_text().splitlines(keepends=True)
    lines[1] = lines[1][:10] + "\0" * 20 + "\n"
    file.write_text(header + "".join(lines))
    damaged = file.read_bytes()
    with opened(file) as history:
        assert messages(history, 2)[:2] == ["c", "d"]
        assert (history.oldest, history.epoch != epoch) == (3, True)
        notice = history.since(4)[0]
    assert "2 of its lines are no notices, or leave a gap" in notice.message
    assert Path(notice.details["path"]).read_bytes() == damaged


def test_a_file_that_ends_anywhere_is_read_up_to_there(file: Path) -> None:
    """Cut at any byte, it is a history of the notices that are whole; nothing raises, and it goes on."""
    with opened(file) as history:
        record(history, *"abc")
    whole = file.read_bytes()
    ends = [place for place, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole)):
        file.write_bytes(whole[:cut])
        with opened(file) as history:
            kept = "abc"[: sum(end < cut for end in ends[1:])]
            assert [each.message for each in history.since(0) if each.kind is NoticeKind.FLOW_STARTED] == list(kept)
            record(history, "d")
            assert messages(history, history.revision - 1) == ["d"]


def test_revision_that_is_not_kept_is_refused(file: Path) -> None:
    """A reader that comes too late is told, and a revision that never was is no beginning."""
    with opened(file, kept=3) as history:
        record(history, *"abcde")
        assert messages(history, 2) == ["c", "d", "e"]
        for revision in (1, 6):
            with pytest.raises(RevisionTooOld) as refusal:
                history.since(revision)
            assert (refusal.value.asked, refusal.value.oldest) == (revision, 3)


def test_file_stays_small(file: Path) -> None:
    """The file never holds much more than what is kept."""
    with opened(file, kept=3) as history:
        record(history, *map(str, range(50)))
    assert len(file.read_text().splitlines()) <= 1 + 2 * 3
    with opened(file, kept=3) as history:
        assert messages(history, 47) == ["47", "48", "49"]


def test_notice_that_cannot_be_written_begins_an_epoch(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk notices still go on, but no later daemon can mistake their revisions for its own."""

    def full(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with opened(file) as history:
        record(history, "a")
        before = history.epoch
        with monkeypatch.context() as disk:
            disk.setattr("os.write", full)
            record(history, "b")
            during = history.epoch
            record(history, "c")
        assert (history.epoch, during != before) == (during, True)
        record(history, "d")
        assert messages(history, 0) == ["a", "b", "c", "d"]
    with opened(file) as history:
        assert (history.epoch, messages(history, 0)) == (during, ["a", "b", "c", "d"])


def test_what_was_kept_back_is_written_without_another_notice(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that has room again gets the notices of meanwhile, whether or not there is one to come."""

    def full(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    async def lose_and_catch_up(history: History) -> None:
        catching_up = asyncio.create_task(history.catch_up())
        with monkeypatch.context() as disk:
            disk.setattr("os.write", full)
            record(history, "a")
            await asyncio.sleep(0)  # it has seen that, and waits
        await asyncio.to_thread(wait_until, lambda: b'"a"' in file.read_bytes())
        catching_up.cancel()

    with opened(file) as history:
        asyncio.run(lose_and_catch_up(history))
        record(history, "b")
        assert [json.loads(line)["message"] for line in file.read_bytes().splitlines()[1:]] == ["a", "b"]


def test_waiting_ends_with_the_next_notice(file: Path) -> None:
    """A watcher sleeps until there is something beyond its revision."""

    async def watch(history: History) -> list[str]:
        watcher = asyncio.create_task(history.wait_beyond(1))
        await asyncio.sleep(0)
        record(history, "a")
        await asyncio.sleep(0)
        assert not watcher.done()
        record(history, "b")
        async with asyncio.timeout(120):
            await watcher
        return messages(history, 1)

    with opened(file) as history:
        assert asyncio.run(watch(history)) == ["b"]

"""How a run of journalctl is read, and how it ends, with a program in its place that does what it should not."""

from __future__ import annotations

import asyncio
import os
from contextlib import aclosing
from pathlib import Path

import pytest

from pipertd.errors import LogsUnreadable
from pipertd.logs.journal_child import MOST_ENTRY_BYTES, read_journal

ENTRY = '{"__CURSOR": "%s", "__REALTIME_TIMESTAMP": "1"}'


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is run as journalctl."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "journalctl"


def write(program: Path, *lines: str) -> None:
    program.write_text("\n".join(("#!/bin/sh", *lines)))
    program.chmod(0o755)


async def cursors(most: int | None = None) -> list[str]:
    found: list[str] = []
    async with asyncio.timeout(120), aclosing(read_journal("--reverse")) as entries:
        async for entry in entries:
            found.append(entry.cursor)
            if len(found) == most:
                break
    return found


def test_its_lines_are_entries(program: Path) -> None:
    """One a line, and nothing of it goes through a shell."""
    write(
        program,
        f"echo '{ENTRY % 'a'}'",
        f"echo '{ENTRY % 'b'}'",
        'for each; do last="$each"; done',
        'test "$last" = --reverse',
    )
    assert asyncio.run(cursors()) == ["a", "b"]


def test_what_is_no_entry_is_passed_over(program: Path) -> None:
    """What it says besides, and an entry that its end has torn."""
    no_text = ENTRY % r"\303"
    write(
        program,
        "echo 'Hint: more'",
        f"echo '{ENTRY % 'a'}'",
        "echo '{}'",
        "echo '[1]'",
        f"printf '{no_text}\\n'",
        f"printf %s '{(ENTRY % 'b')[:20]}'",
    )
    assert asyncio.run(cursors()) == ["a"]


def test_an_endless_line_takes_no_endless_memory(program: Path) -> None:
    """What is longer than any entry of ours is passed over, and the next one is read."""
    zeros = f"head -c {3 * MOST_ENTRY_BYTES} /dev/zero"
    write(program, f"echo '{ENTRY % 'a'}'", zeros, "echo", f"echo '{ENTRY % 'b'}'")
    assert asyncio.run(cursors()) == ["a", "b"]


@pytest.mark.parametrize("message", ["x", "ü", "xü"])
def test_an_entry_of_megabytes_is_passed_over(program: Path, tmp_path: Path, message: str) -> None:
    """It is not taken for one without its middle, and hides none that comes after it, in whatever language it is."""
    long = tmp_path / "long"
    long.write_text("\n".join((ENTRY % "a", ENTRY % (message * MOST_ENTRY_BYTES), ENTRY % "b", "")))
    write(program, f"cat {long}")
    assert asyncio.run(cursors()) == ["a", "b"]


def test_others_on_the_loop_have_their_turn(program: Path, tmp_path: Path) -> None:
    """However many entries are there at once, whoever else has something to do waits for few of them."""
    many = tmp_path / "many"
    many.write_text(f"{ENTRY % 'a'}\n" * 10_000)
    write(program, f"cat {many}")
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def read() -> int:
        others = asyncio.create_task(take_turns())
        found = await cursors()
        others.cancel()
        return len(found)

    assert asyncio.run(read()) == 10_000
    assert turns > 10_000 / 32


def test_its_failure_is_said_in_its_own_words(program: Path) -> None:
    """Where it cannot read, whoever asked is told why, and what to do."""
    write(program, f"echo '{ENTRY % 'a'}'", "echo 'No journal files were opened.' >&2", "exit 1")
    with pytest.raises(LogsUnreadable, match=r"'No journal files were opened\.'.* group systemd-journal\?"):
        asyncio.run(cursors())


@pytest.mark.usefixtures("program")
def test_where_it_cannot_be_run_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without a journal is named as one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LogsUnreadable, match="there is no journalctl"):
        asyncio.run(cursors())


def test_it_ends_with_who_reads_it(program: Path, tmp_path: Path) -> None:
    """Whoever needs no more leaves no process and no descriptor behind."""
    pid = tmp_path / "pid"
    write(program, f"echo $$ > {pid}", f"while :; do echo '{ENTRY % 'a'}'; done")

    async def leave() -> list[str]:
        await cursors(1)  # what the loop keeps for its first child stays
        before = os.listdir("/proc/self/fd")
        assert await cursors(3) == ["a"] * 3
        assert len(os.listdir("/proc/self/fd")) == len(before)
        return pid.read_text().split()

    for each in asyncio.run(leave()):
        assert not Path(f"/proc/{each}").exists()


def test_it_ends_when_its_reader_is_cancelled(program: Path, tmp_path: Path) -> None:
    """A client that goes away takes it along, also while there is nothing to read."""
    pid = tmp_path / "pid"
    write(program, f"echo $$ > {pid}", f"echo '{ENTRY % 'a'}'", "exec sleep 1000")

    async def cancel() -> None:
        reading = asyncio.create_task(cursors(2))
        async with asyncio.timeout(120):
            while not (pid.exists() and pid.read_text()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    asyncio.run(cancel())
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()

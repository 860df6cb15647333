"""One run of ``journalctl``: a child process that looks into the journal for us, and crashes apart from us.

Where we do not read, it waits in its pipe. It ends when it has told all, or with the block that reads it; and with us,
because it looks whether somebody still reads its output, also while it waits for entries.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress

import msgspec

from pipertd.errors import LogsUnreadable
from pipertd.logs.journal_entry import FIELDS, Entry, decode_entry

MOST_ENTRY_BYTES = 4 * 1024 * 1024  # as JSON, where a record of ours with nothing but control characters fits in
_MOST_SAID = 300  # bytes
_CHUNK_BYTES = 64 * 1024
_TURN = 16  # lines, however many are there at once: then it is the turn of others on the loop


async def read_journal(*arguments: str) -> AsyncGenerator[Entry, None]:
    """The entries that journalctl finds for ``arguments``; close it when you need no more of them.

    Raises:
        LogsUnreadable: journalctl cannot be run, or has failed.
    """
    async with aclosing(_run("--all", "--output=json", f"--output-fields={FIELDS}", *arguments)) as lines:
        async for line in lines:
            try:
                entry = decode_entry(line)
            except msgspec.MsgspecError:  # of a later journalctl, or torn by its end, or too long
                continue
            yield entry


async def journal_values(field: str) -> AsyncGenerator[str, None]:
    """Every value that a field has anywhere in the journal, by its indexes.

    Raises:
        LogsUnreadable: journalctl cannot be run, or has failed.
    """
    async with aclosing(_run(f"--field={field}")) as lines:
        async for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\n")


async def _run(*arguments: str) -> AsyncGenerator[bytes, None]:
    said = _memory()
    try:
        process = await _started(arguments, said)
        try:
            number = 0
            async for line in _lines(process):
                yield line
                number += 1
                if number % _TURN == 0:
                    await asyncio.sleep(0)
            status = await process.wait()
        finally:
            await _end(process)
        if status:
            words = os.pread(said, _MOST_SAID, 0).decode("utf-8", "replace").strip()
            raise LogsUnreadable(
                f"journalctl says {words or status!r}; is the daemon's user in the group systemd-journal?"
            )
    finally:
        os.close(said)


def _memory() -> int:
    """Where it says what is wrong, of which nobody needs more than the beginning."""
    try:
        return os.memfd_create("journalctl-said", os.MFD_CLOEXEC)
    except OSError as reason:
        raise LogsUnreadable(str(reason)) from reason


async def _started(arguments: tuple[str, ...], said: int) -> Process:
    program = shutil.which("journalctl")
    if program is None:
        raise LogsUnreadable("there is no journalctl")
    try:
        return await asyncio.create_subprocess_exec(
            program,
            "--quiet",
            "--no-pager",
            *arguments,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=said,
            env={"LC_ALL": "C.UTF-8"},
            limit=_CHUNK_BYTES,
        )
    except OSError as reason:
        raise LogsUnreadable(str(reason)) from reason


async def _lines(process: Process) -> AsyncIterator[bytes]:
    """Its lines, of which too long ones lose their end."""
    assert process.stdout is not None
    begun = b""
    while True:
        try:
            line = await process.stdout.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError as overrun:
            part = await process.stdout.readexactly(overrun.consumed)
            begun += part[: MOST_ENTRY_BYTES - len(begun)]
            continue
        yield begun + line
        begun = b""


async def _end(process: Process) -> None:
    """Have it gone, also where whoever waits for that is told to go himself: it takes no longer than a kill."""
    ending = asyncio.create_task(_kill(process))
    try:
        await asyncio.shield(ending)
    except asyncio.CancelledError:
        await ending
        raise


async def _kill(process: Process) -> None:
    assert process.stdout is not None
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    while await process.stdout.read(_CHUNK_BYTES):
        pass  # a pipe that is not read to its end stays open
    await process.wait()

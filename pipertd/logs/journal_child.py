"""One run of ``journalctl``: a child process that looks into the journal for us, and crashes apart from us.

Where we do not read, it waits in its pipe. It ends when it has told all, or with the block that reads it; and with us,
because it looks whether somebody still reads its output, also while it waits for entries.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import ExitStack, aclosing
from subprocess import DEVNULL, PIPE, Popen

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
            except (msgspec.MsgspecError, UnicodeDecodeError):  # of a later journalctl, say
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
    with ExitStack() as stack:
        try:
            child = _Child(arguments, stack)
        except OSError as reason:
            raise LogsUnreadable(str(reason)) from reason
        output, pipe = await child.output()
        try:
            number = 0
            async for line in _lines(output):
                yield line
                number += 1
                if number % _TURN == 0:
                    await asyncio.sleep(0)
            status = await child.ended()
        finally:
            pipe.close()
            child.kill()
            await child.ended()
        if status:
            what = child.said() or f"exit status {status}"
            raise LogsUnreadable(f"journalctl says {what!r}; is the daemon's user in the group systemd-journal?")


class _Child:
    """journalctl, as long as it runs; it is gone, and reaped, when ``stack`` is closed.

    Nobody else reaps it, as asyncio's own way of waiting for children would: until then its pid is nobody else's.
    """

    def __init__(self, arguments: Sequence[str], stack: ExitStack) -> None:
        program = shutil.which("journalctl")
        if program is None:
            raise LogsUnreadable("there is no journalctl")
        self._said = os.memfd_create("journalctl-said", os.MFD_CLOEXEC)
        stack.callback(os.close, self._said)
        command = [program, "--quiet", "--no-pager", *arguments]
        environment = {"LC_ALL": "C.UTF-8"}
        self._process = Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=self._said, env=environment, bufsize=0)
        stack.callback(self._process.wait)
        stack.callback(self.kill)
        self._pidfd = os.pidfd_open(self._process.pid)
        stack.callback(os.close, self._pidfd)

    async def output(self) -> tuple[asyncio.StreamReader, asyncio.ReadTransport]:
        """What it writes, and the pipe, which is to be closed; where that is not read it waits."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(_CHUNK_BYTES)
        pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), self._process.stdout)
        return reader, pipe

    async def ended(self) -> int:
        """Wait for its end; its exit status, below 0 where a signal ended it."""
        loop, over = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._pidfd, over.set)
        try:
            await over.wait()
        finally:
            loop.remove_reader(self._pidfd)
        return self._process.wait()

    def kill(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()

    def said(self) -> str:
        """What it had to say on its standard error; of much, the beginning."""
        return os.pread(self._said, _MOST_SAID, 0).decode("utf-8", "replace").strip()


async def _lines(output: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Its lines, but for too long ones: without its middle one might look whole, and not be what anybody sent."""
    parts: list[bytes] = []
    length = 0
    while True:
        try:
            part, is_end = await output.readuntil(b"\n"), True
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError as overrun:
            part, is_end = await output.readexactly(overrun.consumed), False
        length += len(part)
        if length <= MOST_ENTRY_BYTES:
            parts.append(part)
        if is_end and length <= MOST_ENTRY_BYTES:
            yield b"".join(parts)
        if is_end:
            parts, length = [], 0

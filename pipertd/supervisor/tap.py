"""The process that looks at a link for one client: started with what it may see, ended when nobody looks any more.

The daemon maps no pool, so it has the looking done. Of all that it holds open the process inherits the ledger and the
pools of the one link, opened anew for reading: whatever happens in it, it can change nothing of a pipeline. It holds
them open, so it may not outlive the run: they would keep its memory.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass

from pipertd.errors import LaunchFailed
from pipertd.memory import memory_file
from pipertd.protocol import TapSpec, encode_spec
from pipertd.supervisor.launch import Process, launch
from pipertd.supervisor.segments import VisibleLink

_LENGTH_BYTES = 4
_KEPT_VARIABLES = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
_STANDARD_ERROR = 2


@dataclass(frozen=True)
class TapWishes:
    """What somebody wants to see: ``form`` is ``messagepack``, ``png`` or ``jpeg``."""

    form: str
    interval_s: float
    picture_width: int
    most_bytes: int
    bgr: bool


class Tap:
    """One process, and our end of its socket."""

    def __init__(self, process: Process, ours: socket.socket) -> None:
        self.pid = process.pid
        self._process = process
        self._ours = ours
        ours.setblocking(False)
        self.is_buried = False
        asyncio.get_running_loop().add_reader(process.pidfd, self._bury)

    @classmethod
    async def start(cls, pipeline: str, visible: VisibleLink, wishes: TapWishes) -> Tap:
        """Have a link looked at; whoever calls it ends it.

        Raises:
            LaunchFailed: the system has no process or descriptor for it, or the run is over meanwhile.
        """
        with ExitStack() as opened:
            try:
                ours, theirs = map(opened.enter_context, socket.socketpair())
                # At once: the numbers mean other files when the run is over.
                readable = _opened_for_reading(visible, opened)
            except OSError as reason:
                raise LaunchFailed(f"cannot tap {visible.link}: {reason}") from reason
            coming = asyncio.create_task(
                cls._come(f"{pipeline} {visible.link}", readable, wishes, theirs, ours, opened.pop_all())
            )
        try:
            return await asyncio.shield(coming)
        except asyncio.CancelledError:  # a thread is starting it, and cannot be told
            coming.add_done_callback(_unwanted)
            raise

    @classmethod
    async def _come(
        cls,
        name: str,
        readable: VisibleLink,
        wishes: TapWishes,
        theirs: socket.socket,
        ours: socket.socket,
        opened: ExitStack,
    ) -> Tap:
        with opened:
            process = await asyncio.to_thread(_launch, name, readable, wishes, theirs)
            return cls(process, socket.socket(fileno=ours.detach()))  # the rest is closed here

    async def grant(self, credit: int) -> None:
        """Let it send so many answers more; a byte of the socket grants 255 at most."""
        with suppress(ConnectionError):  # it is dead, as the next answer will tell
            await asyncio.get_running_loop().sock_sendall(self._ours, bytes([credit]))

    async def answer(self) -> bytes | None:
        """The next one, serialised, as the process made it; None when the process is gone."""
        head = await self._received(_LENGTH_BYTES)
        return await self._received(int.from_bytes(head, "little")) if head else None

    async def _received(self, length: int) -> bytes | None:
        content, filled = memoryview(bytearray(length)), 0
        while filled < length:
            try:
                count = await asyncio.get_running_loop().sock_recv_into(self._ours, content[filled:])
            except ConnectionError:
                return None
            if not count:
                return None
            filled += count
        return bytes(content)

    def kill(self) -> None:
        """Have it dead, also where a signal had stopped it; it is buried when it is."""
        if not self.is_buried:
            self._process.kill_group()

    def end(self) -> None:
        """Kill it, and close our end, on which nobody waits any more."""
        self.kill()
        self._ours.close()

    def _bury(self) -> None:
        self.is_buried = True
        asyncio.get_running_loop().remove_reader(self._process.pidfd)
        self._process.bury()


def _unwanted(coming: asyncio.Task[Tap]) -> None:
    if not coming.cancelled() and coming.exception() is None:
        coming.result().end()


def _opened_for_reading(visible: VisibleLink, opened: ExitStack) -> VisibleLink:
    """The same, by descriptors of its own with which nobody can write."""

    def reopened(fd: int) -> int:
        copy = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC)
        opened.callback(os.close, copy)
        return copy

    pools = {number: reopened(fd) for number, fd in visible.pools.items()}
    return visible._replace(ledger_fd=reopened(visible.ledger_fd), pools=pools)


def _launch(name: str, readable: VisibleLink, wishes: TapWishes, theirs: socket.socket) -> Process:
    spec = TapSpec(
        ledger_fd=readable.ledger_fd,
        column=readable.column,
        pools=dict(readable.pools),
        daemon_fd=theirs.fileno(),
        form=wishes.form,
        interval_s=wishes.interval_s,
        picture_width=wishes.picture_width,
        most_bytes=wishes.most_bytes,
        bgr=wishes.bgr,
    )
    try:
        spec_file = memory_file("pipertd-tap", encode_spec(spec))
    except OSError as reason:
        raise LaunchFailed(f"cannot tap {name}: {reason}") from reason
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    with spec_file:
        return launch(
            [sys.executable, "-P", "-m", "pipertd.tap", name, str(spec_file.fileno())],
            environment={**environment, "OPENBLAS_NUM_THREADS": "1"},
            fds=[spec.ledger_fd, *spec.pools.values(), spec.daemon_fd, spec_file.fileno()],
            output=_STANDARD_ERROR,
        )

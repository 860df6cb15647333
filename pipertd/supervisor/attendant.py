"""A process that attends on a flow without being a generation of it: its standby, or one that settles what it left.

There is at most one of a kind. It is started on a thread, so that it may be unwanted before it is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from pipertd.errors import LaunchFailed
from pipertd.supervisor.gate import Waiting
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.restart import Ending


class Attendant:
    """Starts, ends and buries the process.

    Args:
        on_change: called when the process is there, before it is let in, so that it is on record by then.
        on_end: called with how it ended when it is dead, or with None where that was what we wanted.
        on_failure: called with the reason when it cannot be had.
    """

    def __init__(
        self,
        *,
        on_change: Callable[[], None],
        on_end: Callable[[Ending | None], None],
        on_failure: Callable[[str], None],
    ) -> None:
        self._on_change = on_change
        self._on_end = on_end
        self._on_failure = on_failure
        self._coming: asyncio.Task[None] | None = None
        self._process: Waiting | None = None
        self._is_unwanted = False

    @property
    def is_there(self) -> bool:
        """Whether there is a process, or soon will be."""
        return self._coming is not None or self._process is not None

    @property
    def lives(self) -> bool:
        """Whether there is a process, or soon will be, that is wanted and alive."""
        is_dead = self._process is not None and not self._process.process.lives
        return self.is_there and not self._is_unwanted and not is_dead

    def record(self) -> ProcessRecord | None:
        """Which process it is, for the next daemon."""
        return self._process.process.record() if self._process else None

    def begin(self, start: Coroutine[None, None, Waiting]) -> None:
        """Have it; only where there is none."""
        self._is_unwanted = False
        self._coming = asyncio.create_task(self._start(start))

    def adopt(self, left: Waiting | None) -> None:
        """End one that a daemon before this one had, if it had one; its death is what we wanted."""
        if left is not None:
            self._process = left
            asyncio.get_running_loop().add_reader(left.process.pidfd, self._bury)
            self.end()

    def end(self) -> bool:
        """Kill it, if there is one; whether it still has to die."""
        self._is_unwanted = True
        if self._process is not None:
            self._process.process.kill_group()
        return self.is_there

    async def give_away(self) -> Waiting | None:
        """Give the process to somebody who buries it; None where none lives."""
        if self._coming is not None:
            await asyncio.wait([self._coming])
        if not self.lives:
            return None
        given, self._process = self._process, None
        assert given is not None
        asyncio.get_running_loop().remove_reader(given.process.pidfd)
        return given

    async def _start(self, start: Coroutine[None, None, Waiting]) -> None:
        try:
            self._process = await start
        except LaunchFailed as reason:
            self._coming = None
            self._on_failure(str(reason))
            if self._is_unwanted:
                self._on_end(None)
            return
        self._coming = None
        asyncio.get_running_loop().add_reader(self._process.process.pidfd, self._bury)
        if self._is_unwanted:
            self._process.process.kill_group()
        else:
            self._on_change()
            self._process.prepare()

    def _bury(self) -> None:
        dead, self._process = self._process, None
        assert dead is not None
        asyncio.get_running_loop().remove_reader(dead.process.pidfd)
        ending = dead.bury()
        dead.evidence.close()
        self._on_end(None if self._is_unwanted else ending)

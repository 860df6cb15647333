"""A beat that wakes whoever waits on the loop for something to become true."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Pulse:
    """Waits are for conditions, not for beats: a beat only says that looking again is worth it."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def beat(self) -> None:
        """Let everybody look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when ``condition`` holds; it is tried now and after each beat."""
        while not condition():
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)

"""Whether anything was written below a folder: asked once for all who follow, and only while somebody does."""

from __future__ import annotations

import asyncio
from pathlib import Path

POLL_S = 0.2


class Growth:
    """Counts changes of the log files' sizes; ``seen`` is the count up to now."""

    def __init__(self, folder: Path) -> None:
        self.seen = 0
        self._folder = folder
        self._sizes: dict[str, tuple[int, int]] = {}
        self._waiting: set[asyncio.Future[None]] = set()
        self._polling: asyncio.Task[None] | None = None

    async def beyond(self, seen: int) -> None:
        """Return when something changed after ``seen``."""
        if self.seen > seen:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            await future
        finally:
            self._waiting.discard(future)

    async def _poll(self) -> None:
        while self._waiting:
            sizes = await asyncio.to_thread(self._look)
            if sizes != self._sizes:
                self._sizes = sizes
                self.seen += 1
                for future in self._waiting:
                    if not future.done():
                        future.set_result(None)
            await asyncio.sleep(POLL_S)

    def _look(self) -> dict[str, tuple[int, int]]:
        sizes = {}
        try:
            paths = [path for pattern in ("*.log", "*/*.log") for path in self._folder.glob(pattern)]
        except OSError:  # no descriptor is free now; the next look comes soon
            return self._sizes
        for path in paths:
            try:
                status = path.stat()
            except OSError:
                continue
            sizes[str(path)] = status.st_ino, status.st_size
        return sizes

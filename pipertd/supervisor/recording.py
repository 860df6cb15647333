"""The record of a pipeline, kept true: what cannot be written now is said once, and written as soon as it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from pipertd.supervisor.history import History
from pipertd.supervisor.manifest import Manifest, ManifestFile
from pipertd.supervisor.view import NoticeKind

TRY_AGAIN_S = 1.0
_MEANING = "if this daemon is killed before it can be, the run is lost"


class Recording:
    """What the next daemon has to know of one pipeline, should this one be killed now."""

    def __init__(self, folder: Path, pipeline: str, history: History, now: Callable[[], Manifest]) -> None:
        """``now`` makes what is to be on record."""
        self._pipeline = pipeline
        self._file = ManifestFile(folder, pipeline)
        self._history = history
        self._now = now
        self._again: asyncio.TimerHandle | None = None

    def write(self) -> None:
        """Put it on record. Work goes on where that cannot be done (a full disk), and it is tried again."""
        try:
            self._file.write(self._now())
        except OSError as reason:
            if self._again is None:
                self._tell(
                    NoticeKind.PIPELINE_UNRECORDED, f"is not on record for the next daemon: {reason}; {_MEANING}"
                )
            else:
                self._again.cancel()
            self._again = asyncio.get_running_loop().call_later(TRY_AGAIN_S, self.write)
        else:
            if self._again is not None:
                self._again.cancel()
                self._again = None
                self._tell(NoticeKind.PIPELINE_RECORDED, "is on record again")

    def close(self) -> None:
        """Take it away for good: there is nothing to be known any more."""
        if self._again is not None:
            self._again.cancel()
            self._again = None
        self._file.close()

    def _tell(self, kind: NoticeKind, text: str) -> None:
        self._history.record(kind, f"pipeline {self._pipeline} {text}", pipeline=self._pipeline)

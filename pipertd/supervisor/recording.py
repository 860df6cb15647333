"""The record of a pipeline, kept true: what cannot be written now is said once, and written as soon as it can be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from pipertd.errors import cause_of
from pipertd.supervisor.alarm import Alarm
from pipertd.supervisor.history import History
from pipertd.supervisor.manifest import Manifest, ManifestFile
from pipertd.supervisor.view import NoticeKind

TRY_AGAIN_S = 1.0
_MEANING = "if this daemon is killed before it can be, the run is lost"

logger = logging.getLogger(__name__)


class Recording:
    """What the next daemon has to know of one pipeline, should this one be killed now."""

    def __init__(self, folder: Path, pipeline: str, history: History, now: Callable[[], Manifest]) -> None:
        """``now`` makes what is to be on record."""
        self._pipeline = pipeline
        self._file = ManifestFile(folder, pipeline)
        self._history = history
        self._now = now
        self._again = Alarm()
        self._is_behind = False

    def write(self) -> None:
        """Put it on record. Work goes on where that cannot be done (a full disk), and it is tried again."""
        try:
            self._file.write(self._now())
        except OSError as reason:
            if not self._is_behind:
                self._tell(
                    NoticeKind.PIPELINE_UNRECORDED, f"is not on record for the next daemon: {reason}; {_MEANING}"
                )
            self._is_behind = True
            self._again.set(TRY_AGAIN_S, self.write)
        else:
            self._again.cancel()
            if self._is_behind:
                self._is_behind = False
                self._tell(NoticeKind.PIPELINE_RECORDED, "is on record again")

    def close(self) -> None:
        """Take it away for good: there is nothing to be known any more."""
        self._again.cancel()
        self._is_behind = False
        try:
            self._file.close()
        except OSError as reason:
            path, meaning = self._file.path, "the next daemon will say that this run is lost"
            logger.error("cannot take %s away: %s; while it is there, %s", path, cause_of(reason), meaning)

    def _tell(self, kind: NoticeKind, text: str) -> None:
        self._history.record(kind, f"pipeline {self._pipeline} {text}", pipeline=self._pipeline)

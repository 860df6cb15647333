"""The notices: appended to a file before anybody sees them, and read from any revision that is still kept.

A reader continues after a revision of the same epoch, or is told that it cannot. An epoch ends with the boot (what was
not on the disk yet may be lost), with the file or a part of it, and when a notice cannot be written: never is one
revision two different notices.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import secrets
from collections import deque
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import NoReturn

from pipertd.clock import monotonic_s, wall_s
from pipertd.errors import RevisionTooOld, cause_of
from pipertd.supervisor import notice_file
from pipertd.supervisor.aside import set_aside
from pipertd.supervisor.message_ids import MESSAGE_IDS
from pipertd.supervisor.procfs import boot_id
from pipertd.supervisor.pulse import Pulse
from pipertd.supervisor.view import Notice, NoticeKind
from pipertd.supervisor.whole import read_whole

KEPT_NOTICES = 10_000
MOST_BYTES = 1 << 30  # of twice as many, each with the log and the stacks of a death
TRY_AGAIN_S = 1.0  # pause between two tries to write to a disk that is full
_LEVELS = {
    NoticeKind.FLOW_STATE_CHANGED: logging.DEBUG,
    NoticeKind.FLOW_RESTARTING: logging.WARNING,
    NoticeKind.WATCHDOG_EXPIRED: logging.WARNING,
    NoticeKind.LIMITS_UNMET: logging.WARNING,
    NoticeKind.CONTACT_LOST: logging.WARNING,
    NoticeKind.SLOTS_HOARDED: logging.WARNING,
    NoticeKind.PROCESSES_LEFT: logging.WARNING,
    NoticeKind.SETTLING_FAILED: logging.ERROR,
    NoticeKind.STANDBY_FAILED: logging.WARNING,
    NoticeKind.MESSAGE_QUARANTINED: logging.ERROR,
    NoticeKind.FLOW_FAILED: logging.ERROR,
    NoticeKind.PIPELINE_LOST: logging.ERROR,
    NoticeKind.PIPELINE_UNRECORDED: logging.ERROR,
    NoticeKind.PIPELINE_UNKEPT: logging.WARNING,
    NoticeKind.SOCKET_LOST: logging.ERROR,
    NoticeKind.DEFINITION_INVALID: logging.ERROR,
    NoticeKind.RELOAD_FAILED: logging.ERROR,
    NoticeKind.STATE_UNREADABLE: logging.ERROR,
}
_LOGGER = logging.getLogger("pipertd.notice")


class History:
    """The newest notices of this daemon and of those before it on the same state directory."""

    def __init__(self, file: Path, *, kept: int = KEPT_NOTICES, logger: logging.Logger = _LOGGER) -> None:
        self._file = file
        self._kept = kept
        self._logger = logger
        self._notices: deque[Notice] = deque(maxlen=kept)
        self._pulse = Pulse()
        self._fd: int | None = None
        self._lines = 0
        self._written_epoch = ""
        self._try_again_s = 0.0
        self.epoch = ""
        self.revision = 0
        self._load()

    def record(
        self,
        kind: NoticeKind,
        message: str,
        *,
        pipeline: str = "",
        flow: str = "",
        routine: str = "",
        details: Mapping[str, str] | None = None,
    ) -> Notice:
        """Write one fact down, show it to all watchers, and put it into the log."""
        notice = Notice(
            self.epoch, self.revision + 1, wall_s(), kind, pipeline, flow, routine, message, dict(details or {})
        )
        self._notices.append(notice)
        self.revision = notice.revision
        self._append(notice)
        _log(notice, self._logger)
        self._pulse.beat()
        return self._notices[-1]

    @property
    def oldest(self) -> int:
        """The revision of the oldest notice that is kept, or of the first one to come."""
        return self.revision - len(self._notices) + 1

    def since(self, revision: int, epoch: str | None = None, most: int | None = None) -> tuple[Notice, ...]:
        """The notices behind ``revision``, oldest first, and no more than ``most``.

        Raises:
            RevisionTooOld: they are not all kept, or the revision is of another epoch.
        """
        if epoch not in (None, self.epoch):
            raise self._too_old(revision, f"it is of epoch {epoch}, and this one is {self.epoch}")
        if revision > self.revision:
            raise self._too_old(revision, f"the newest is {self.revision}")
        if revision < self.oldest - 1:
            raise self._too_old(revision, f"the oldest kept is {self.oldest}")
        begin = revision + 1 - self.oldest
        return tuple(islice(self._notices, begin, None if most is None else begin + most))

    def _too_old(self, revision: int, why: str) -> RevisionTooOld:
        return RevisionTooOld(revision, self.oldest, self.revision, self.epoch, why)

    async def wait_beyond(self, revision: int) -> None:
        """Return when there are notices behind ``revision``."""
        await self._pulse.until(lambda: self.revision > revision)

    async def catch_up(self) -> NoReturn:
        """Write what a full disk kept out of the file when there is room, without a notice to come."""
        while True:
            await self._pulse.until(lambda: self._fd is None)
            await asyncio.sleep(max(0.0, self._try_again_s - monotonic_s()))
            if self._fd is None:
                self._try_again()

    def close(self) -> None:
        """Give the file back; what a full disk kept out of it is tried once more."""
        if self._fd is None:
            try:
                self._rewrite()
            except OSError as reason:
                self._logger.error("cannot write notices: %s", reason, extra={"file": str(self._file)})
        self._close_file()

    def _close_file(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _append(self, notice: Notice) -> None:
        if self._fd is None and monotonic_s() < self._try_again_s:
            return
        try:
            if self._fd is None or self._lines >= 2 * self._kept:
                self._rewrite()
            else:
                _write(self._fd, notice_file.line(notice))
                self._lines += 1
        except OSError as reason:
            self._lose_file(reason)

    def _try_again(self) -> None:
        try:
            self._rewrite()
        except OSError:
            self._try_again_s = monotonic_s() + TRY_AGAIN_S

    def _lose_file(self, reason: OSError) -> None:
        """Go on in memory, in an epoch that no file holds: a later daemon could give its revisions out again."""
        self._close_file()
        self._try_again_s = monotonic_s() + TRY_AGAIN_S
        if self.epoch == self._written_epoch:
            self._begin_epoch()
        self._logger.error("cannot write notices: %s", reason, extra={"file": str(self._file)})

    def _rewrite(self) -> None:
        """Replace the file by one with what is kept, in one step."""
        self._close_file()
        new = self._file.with_name(self._file.name + ".new")
        new.unlink(missing_ok=True)  # of a daemon that was killed, or put there: who opens a FIFO waits
        fd = os.open(new, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            _write(fd, notice_file.header(self.epoch, boot_id()), *map(notice_file.line, self._notices))
            new.replace(self._file)
        except OSError:
            os.close(fd)
            raise
        self._fd = fd
        self._written_epoch = self.epoch
        self._lines = len(self._notices)

    def _load(self) -> None:
        """Go on behind what is in the file; what cannot be read of it is kept beside it, and said."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        found, fault = _read(self._file)
        self._notices.extend(found.notices)
        self.revision = self._notices[-1].revision if self._notices else 0
        self.epoch = self._written_epoch = found.epoch
        if fault or found.boot != boot_id():
            self._begin_epoch()
        aside = set_aside(self._file) if fault else self._file
        try:
            self._rewrite()
        except OSError as reason:
            self._lose_file(reason)
        if fault:
            text = f"not all notices of before can be read: {fault}; they are kept in {aside}"
            self.record(NoticeKind.STATE_UNREADABLE, text, details={"path": str(aside)})

    def _begin_epoch(self) -> None:
        self.epoch = secrets.token_hex(8)
        kept = [Notice(**{**vars(notice), "epoch": self.epoch}) for notice in self._notices]
        self._notices = deque(kept, maxlen=self._kept)


def _log(notice: Notice, logger: logging.Logger) -> None:
    extra = {
        "pipeline": notice.pipeline,
        "flow": notice.flow,
        "routine": notice.routine,
        "generation": int(notice.details.get("generation", 0)),
        "notice": notice.kind.value,
        "message_id": MESSAGE_IDS[notice.kind],
        "details": {key: value for key, value in notice.details.items() if key not in ("generation", "log", "stacks")},
    }
    logger.log(_LEVELS.get(notice.kind, logging.INFO), notice.message, extra=extra)


def _write(fd: int, *lines: bytes) -> None:
    data = b"".join(lines)
    if os.write(fd, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read(file: Path) -> tuple[notice_file.Found, str]:
    """What is there, and what is wrong with it."""
    try:
        found = notice_file.read(read_whole(file, MOST_BYTES))
    except FileNotFoundError:
        return notice_file.Found(), ""
    except OSError as reason:
        return notice_file.Found(), cause_of(reason)
    except ValueError as reason:
        return notice_file.Found(), str(reason)
    return found, found.fault

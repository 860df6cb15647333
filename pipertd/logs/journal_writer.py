"""The writing end in journald: records by its native protocol, each with its fields; prints by a stream of theirs.

A process writes its entries itself, so that they come while no daemon lives. It is never held up by journald: what is
not taken in time is lost, and counted, and said when there is room again. It keeps to the allowances of ``flood``.
"""

from __future__ import annotations

import logging
import os
import select
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from pipertd.logs.append import Appender, file_of
from pipertd.logs.content import Content, Place, as_json, content_of, loss, warning
from pipertd.logs.flood import Flood
from pipertd.logs.journal import FOLDER, Journal, connect_stream, encode_entry, identifier_of

_WHY_LOST = "the journal did not take them"
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


class JournalHandler(logging.Handler):
    """Writes records; without a ``flood`` as many as there are.

    Attributes:
        prints: what the process's prints are written with.
    """

    def __init__(
        self,
        *,
        pipeline: str = "",
        flow: str = "",
        generation: int = 0,
        flood: Flood | None = None,
        folder: Path = FOLDER,
    ) -> None:
        super().__init__()
        self._place = Place(pipeline, flow, generation)
        self._folder = folder
        self._identifier = identifier_of(pipeline, flow)
        self._flood = flood
        self._journal: Journal | None = Journal(folder)
        self._lost = self._told_bytes = 0
        self.prints = JournalPrints(self._identifier, flood, folder)

    def set_generation(self, generation: int) -> None:
        """Records are of this generation from now on."""
        self._place.generation = generation

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. What journald does not take is counted, and said as soon as it does."""
        entry = self._entry(record)
        if self._flood is None or self._flood.admits_record(record.levelno, len(entry)):
            self._tell()
            self._lost += not self._send(entry)

    def tend(self) -> bool:
        """Connect prints again whose stream broke, and say what was lost or suppressed, if there is room."""
        self.acquire()
        try:
            self.prints.tend()
            self._tell()
        finally:
            self.release()
        return False

    def close(self) -> None:
        """Give the socket back. A record that comes all the same makes another one."""
        self.acquire()
        try:
            self._tell(at_last=True)
            if self._journal is not None:
                self._journal.close()
                self._journal = None
        finally:
            self.release()
        super().close()

    def _tell(self, *, at_last: bool = False) -> None:
        """Say what was lost since this was said last, and what was suppressed."""
        records, lost_bytes = self._lost, self.prints.lost_bytes
        if (records or lost_bytes != self._told_bytes) and self._send(
            self._entry(loss(records, lost_bytes - self._told_bytes, _WHY_LOST))
        ):
            self._lost, self._told_bytes = 0, lost_bytes
        if self._flood is not None and (suppressed := self._flood.told(at_last=at_last)):
            self._lost += not self._send(self._entry(warning(f"suppressed {suppressed}: they came too fast")))

    def _send(self, entry: bytes) -> bool:
        if self._journal is None:  # an author's logging.shutdown or dictConfig closed us
            self._journal = Journal(self._folder)
        return self._journal.send(entry)

    def _entry(self, record: logging.LogRecord) -> bytes:
        content = content_of(record, self._place)
        code = (str(record.pathname or ""), str(record.lineno), str(record.funcName or ""))
        return encode_entry(_fields(content, self._identifier, code))


class JournalPrints:
    """What is printed by Python, to the stream that descriptors 1 and 2 were when this was made.

    Attributes:
        lost_bytes: that could not be written.
    """

    def __init__(self, identifier: str, flood: Flood | None, folder: Path) -> None:
        self.lost_bytes = 0
        self._identifier = identifier
        self._folder = folder
        self._flood = flood
        self._appender = Appender()
        self._stream = file_of(1)
        self._is_away = not _is_socket(1)
        self._begins_line = {1: True, 2: True}
        self._is_admitted = {1: True, 2: True}
        self._is_stalled = self._was_full = False
        self._writing = threading.RLock()  # a signal handler may print while the thread under it does

    def begin_in_child(self) -> None:
        """This is a child of a process one of whose threads may have been printing, and is not here."""
        self._writing = threading.RLock()
        self._appender.begin_in_child()

    def append_print(self, fd: int, data: bytes) -> None:
        """Write ``data`` as far as that can be done; the rest is counted, and nobody is told."""
        with self._writing:
            data = b"".join(self._admitted(fd, data))
            if not (self._is_stalled or self._is_away):
                lost_before = self._appender.lost_bytes
                self._appender.append_print(fd, data)
                lost = self._appender.lost_bytes - lost_before
                self._is_stalled = lost > 0
            else:
                lost = len(data)
            self.lost_bytes += lost

    def tend(self) -> None:
        """Look whether there is room again; a stream that broke is connected anew."""
        outputs = [fd for fd in (1, 2) if self._stream is not None and file_of(fd) == self._stream]
        if not outputs:
            self._is_stalled = self._is_away = False  # an author has prints go elsewhere
            return
        poll = select.poll()
        poll.register(outputs[0], select.POLLOUT)
        state = dict(poll.poll(0)).get(outputs[0], 0)
        if self._is_away or state & (select.POLLHUP | select.POLLERR):
            self._connect_again(outputs)
            return
        is_full = not state & select.POLLOUT
        self._is_stalled = self._is_stalled and is_full
        # C code, which waits at each print, is told not to once nothing was taken from one look to the next.
        os.set_blocking(outputs[0], not (is_full and self._was_full))
        self._was_full = is_full

    def _connect_again(self, outputs: list[int]) -> None:
        with suppress(OSError):  # no descriptor is free now
            stream = connect_stream(self._identifier, self._folder)
            with self._writing:
                for fd in outputs:
                    os.dup2(stream, fd)
                os.close(stream)
                self._stream, self._is_away = file_of(outputs[0]), not _is_socket(outputs[0])
                self._appender.begin_file()
                self._is_stalled = self._was_full = False

    def _admitted(self, fd: int, data: bytes) -> Iterator[bytes]:
        """The lines that may be written; whether one may is decided where it begins."""
        for line in data.splitlines(keepends=True):
            if self._begins_line[fd]:
                self._is_admitted[fd] = self._flood is None or self._flood.admits_line(fd, len(line))
            self._begins_line[fd] = line.endswith(b"\n")
            if self._is_admitted[fd]:
                yield line


def _fields(content: Content, identifier: str, code: tuple[str, str, str]) -> Iterator[tuple[str, str]]:
    yield "MESSAGE", content.message
    yield "PRIORITY", str(next((number for level, number in _PRIORITIES if content.level >= level), _DEBUG))
    yield "SYSLOG_IDENTIFIER", identifier
    yield "PIPERTD_LEVEL", str(content.level)
    yield "PIPERTD_LOGGER", content.logger
    optional = {
        "PIPERTD_PIPELINE": content.pipeline,
        "PIPERTD_FLOW": content.flow,
        "PIPERTD_ROUTINE": content.routine,
        "PIPERTD_GENERATION": str(content.generation or ""),
        "PIPERTD_FIELDS": as_json(content.fields) if content.fields else "",
        "PIPERTD_EXCEPTION": content.exception,
        "MESSAGE_ID": content.message_id,
        "PIPERTD_NOTICE": str(content.fields.get("notice", "")) if content.message_id else "",
    }
    path, line, function = code
    if path:
        optional.update(CODE_FILE=path, CODE_LINE=line, CODE_FUNC=function)
    yield from ((name, value) for name, value in optional.items() if value)


def _is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False

"""The bytes of a log file as records: our own lines and what user code printed between them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from pipertd.logs.record import LogRecord
from pipertd.logs.writer import RECORD_SEPARATOR

_SEPARATOR = RECORD_SEPARATOR.encode()


_Number = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class _Line(msgspec.Struct, kw_only=True):
    time_s: Annotated[float, msgspec.Meta(ge=0, lt=253402300800)]  # up to the year 9999, as clients can be told
    level: _Number
    pipeline: str
    flow: str
    routine: str
    generation: _Number
    logger: str
    message: str
    fields: dict[str, Any] = {}
    exception: str = ""


_decoder = msgspec.json.Decoder(_Line)


def parse(data: bytes, last: LogRecord) -> Iterator[tuple[int, LogRecord]]:
    """Every record of the complete lines in ``data``, with the offset behind it.

    Args:
        data: bytes from a line's start; a last line without its end is left for the next read.
        last: the record before ``data``: what was printed has its time and its place, until another comes.
    """
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        output, *records = data[start:end].split(_SEPARATOR)
        start = end + 1
        if output or not records:
            yield start, _output(output, last)
        for text in records:
            record = _decode(text)
            last = record or last
            yield start, record or _output(text, last)


def no_record(pipeline: str, flow: str, time_s: float) -> LogRecord:
    """What stands for the record before, where there is none."""
    return LogRecord(time_s, logging.INFO, pipeline, flow, "", 0, "", "")


def begins_printed(data: bytes) -> bool:
    """Whether ``data`` begins with output, whose record is before it."""
    return not data.startswith(_SEPARATOR)


def first_record(data: bytes) -> LogRecord | None:
    """The first record in ``data`` that is whole."""
    texts = (text for line in data.split(b"\n")[:-1] for text in line.split(_SEPARATOR)[1:])
    return next(filter(None, map(_decode, texts)), None)


def last_record(data: bytes) -> LogRecord | None:
    """The last record in ``data`` that is whole."""
    below = len(data)
    while (start := data.rfind(_SEPARATOR, 0, below)) >= 0:
        text, *_ = data[start + 1 : below].split(b"\n", 1)
        if record := _decode(text):
            return record
        below = start
    return None


def _decode(text: bytes) -> LogRecord | None:
    try:
        line = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return LogRecord(**msgspec.structs.asdict(line))


def _output(text: bytes, last: LogRecord) -> LogRecord:
    return LogRecord(
        last.time_s,
        logging.INFO,
        last.pipeline,
        last.flow,
        "",
        last.generation,
        "",
        text.decode("utf-8", "backslashreplace").rstrip("\r"),
        source="output",
    )

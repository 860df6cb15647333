"""The bytes of a log file as records: our own lines and what user code printed between them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from pipertd.logs.record import LogRecord
from pipertd.logs.writer import RECORD_SEPARATOR

_SEPARATOR = RECORD_SEPARATOR.encode()


class _Line(msgspec.Struct, kw_only=True):
    time_s: float
    level: int
    pipeline: str
    flow: str
    routine: str
    generation: int
    logger: str
    message: str
    fields: dict[str, Any] = {}
    exception: str = ""


_decoder = msgspec.json.Decoder(_Line)


def parse(data: bytes, *, pipeline: str, flow: str, time_s: float) -> Iterator[tuple[int, LogRecord]]:
    """Every record of the complete lines in ``data``, with the offset behind it.

    Args:
        data: bytes from a line's start; a last line without its end is left for the next read.
        pipeline: whose file this is; what it printed is said to come from there.
        flow: likewise.
        time_s: the time given to output that no record precedes.
    """
    last = LogRecord(time_s, logging.INFO, pipeline, flow, "", 0, "", "")
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


def _decode(text: bytes) -> LogRecord | None:
    try:
        line = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
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

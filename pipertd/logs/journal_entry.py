"""An entry of the system's journal, as ``journalctl -o json`` writes it, as one of our records.

Whoever runs as our user can send entries of any content, so nothing here goes by what a field should be.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pipertd.logs.record import LogRecord

FIELDS = (
    "_UID,_SYSTEMD_UNIT,_SYSTEMD_USER_UNIT,_SOURCE_REALTIME_TIMESTAMP,SYSLOG_IDENTIFIER,PRIORITY,MESSAGE,PIPERTD_LEVEL,"
    "PIPERTD_PIPELINE,PIPERTD_FLOW,PIPERTD_ROUTINE,PIPERTD_GENERATION,PIPERTD_LOGGER,PIPERTD_FIELDS,PIPERTD_EXCEPTION"
)
_IDENTIFIER = re.compile(r"pipertd(?:/([^/]+)/([^/]+))?")
_LEVELS = (*[logging.CRITICAL] * 3, logging.ERROR, logging.WARNING, *[logging.INFO] * 2, logging.DEBUG)  # of priorities

_MOST_NUMBER = 2**31 - 1
_MOST_US = 10**17  # of a time; journald tells no later ones

# Bytes that are no clean text are a list of numbers, and a field that was said twice is a list of values.
Value = str | list[Any] | None


class Entry(msgspec.Struct, kw_only=True, frozen=True):
    """What we read of an entry; ``cursor`` is its place in the journal."""

    cursor: str = msgspec.field(name="__CURSOR")
    arrived_us: str = msgspec.field(name="__REALTIME_TIMESTAMP")
    sent_us: Value = msgspec.field(name="_SOURCE_REALTIME_TIMESTAMP", default=None)
    uid: Value = msgspec.field(name="_UID", default=None)
    unit: Value = msgspec.field(name="_SYSTEMD_UNIT", default=None)
    user_unit: Value = msgspec.field(name="_SYSTEMD_USER_UNIT", default=None)
    identifier: Value = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    priority: Value = msgspec.field(name="PRIORITY", default=None)
    message: Value = msgspec.field(name="MESSAGE", default=None)
    level: Value = msgspec.field(name="PIPERTD_LEVEL", default=None)
    pipeline: Value = msgspec.field(name="PIPERTD_PIPELINE", default=None)
    flow: Value = msgspec.field(name="PIPERTD_FLOW", default=None)
    routine: Value = msgspec.field(name="PIPERTD_ROUTINE", default=None)
    generation: Value = msgspec.field(name="PIPERTD_GENERATION", default=None)
    logger: Value = msgspec.field(name="PIPERTD_LOGGER", default=None)
    fields: Value = msgspec.field(name="PIPERTD_FIELDS", default=None)
    exception: Value = msgspec.field(name="PIPERTD_EXCEPTION", default=None)


decode_entry = msgspec.json.Decoder(Entry).decode
_decode_fields = msgspec.json.Decoder(dict[str, Any]).decode


def record_of(entry: Entry) -> LogRecord | None:
    """The record that an entry is; None where it is neither of the daemon nor of a flow.

    What was printed has no ``PIPERTD_LEVEL``, and is known by the identifier of the stream that it came on.
    """
    place = _IDENTIFIER.fullmatch(_text(entry.identifier))
    if place is None:
        return None
    is_printed = entry.level is None
    priority = _number(entry.priority, 6)
    return LogRecord(
        time_s=_number(entry.sent_us, _number(entry.arrived_us, 0, _MOST_US), _MOST_US) / 1e6,
        level=_LEVELS[min(priority, 7)] if is_printed else _number(entry.level, logging.INFO),
        pipeline=place[1] or "" if is_printed else _text(entry.pipeline),
        flow=place[2] or "" if is_printed else _text(entry.flow),
        routine=_text(entry.routine),
        generation=_number(entry.generation, 0),
        logger=_text(entry.logger),
        message=_text(entry.message).rstrip("\r") if is_printed else _text(entry.message),
        fields=_fields(entry.fields),
        exception=_text(entry.exception),
        source="output" if is_printed else "log",
        cursor=entry.cursor,
    )


def _text(value: Value) -> str:
    if not isinstance(value, list):
        return value or ""
    try:
        return bytes(value).decode("utf-8", "backslashreplace")
    except (TypeError, ValueError):
        return _text(value[0])


def _number(value: Value, otherwise: int, most: int = _MOST_NUMBER) -> int:
    text = _text(value)
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_number and int(text) <= most else otherwise


def _fields(value: Value) -> Mapping[str, object]:
    try:
        return _decode_fields(_text(value)) if value else {}
    except (msgspec.MsgspecError, RecursionError):
        return {}

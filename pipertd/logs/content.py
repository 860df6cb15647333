"""What one ``logging`` record says, as text and plain values: whatever an author logs, this raises nothing."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

MOST_TEXT = 32 * 1024  # characters
_MOST_NUMBER = 2**31 - 1  # of what a record says of its place
_MOST_BITS = 64
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # as in names of files: UTF-8 has none
T = TypeVar("T")
_OWN_KEYS = ("pipeline", "flow", "routine", "generation")
_STANDARD_KEYS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", "message_id", *_OWN_KEYS}


@dataclass
class Place:
    """Whose records these are, where they do not say it themselves."""

    pipeline: str = ""
    flow: str = ""
    generation: int = 0
    routine: str = ""


class Content(NamedTuple):
    """One record; ``fields`` are the attributes that its author gave it, and ``message_id`` names a kind of record."""

    time_s: float
    level: int
    pipeline: str
    flow: str
    routine: str
    generation: int
    logger: str
    message: str
    fields: Mapping[str, object]
    exception: str
    message_id: str


def content_of(record: logging.LogRecord, place: Place) -> Content:
    """What it says; unknown attributes of the record are its fields."""
    attributes = vars(record)
    return Content(
        time_s=record.created,
        level=_own(record.levelno, logging.INFO),
        pipeline=_own(attributes.get("pipeline"), place.pipeline),
        flow=_own(attributes.get("flow"), place.flow),
        routine=_own(attributes.get("routine"), place.routine),
        generation=_own(attributes.get("generation"), place.generation),
        logger=str(record.name or ""),
        message=_cut(_text_of(record)),
        fields={key: _plain(value) for key, value in attributes.items() if key not in _STANDARD_KEYS},
        exception=_cut(_exception_of(record)),
        message_id=_own(attributes.get("message_id"), ""),
    )


def loss(records: int, printed_bytes: int, why: str) -> logging.LogRecord:
    """The record that says what could not be written."""
    what = [f"{records} records"] if records else []
    what += [f"{printed_bytes} B of prints"] if printed_bytes else []
    return warning(f"{' and '.join(what)} were lost: {why}")


def warning(text: str) -> logging.LogRecord:
    """A record of the logs themselves."""
    return logging.makeLogRecord({"name": "pipertd.logs", "msg": text, "levelno": logging.WARNING})


def as_json(document: Mapping[str, object]) -> str:
    """In one line, which UTF-8 can have."""
    return _HALF_CHARACTER.sub(_escaped, json.dumps(document, ensure_ascii=False))


def _escaped(half: re.Match[str]) -> str:
    return f"\\\\u{ord(half[0]):04x}"


def _own(given: Any, place: T) -> T:
    """What the record says of its place; an author may have a field of that name, and mean something else by it."""
    if isinstance(given, int) and abs(given) > _MOST_NUMBER:
        return place
    return given if isinstance(given, type(place)) else place


def _plain(value: object) -> object:
    """A field as JSON has it, or else as text."""
    if value is None or (isinstance(value, int) and value.bit_length() <= _MOST_BITS):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _cut(value)
    try:
        text = json.dumps(value, allow_nan=False)
        return json.loads(text) if len(text) <= MOST_TEXT else _cut(text)
    except (TypeError, ValueError, RecursionError):
        return _cut(_said_by(value))


def _said_by(value: object) -> str:
    try:
        return str(value)
    except Exception:  # an author's __str__
        return f"a {type(value).__name__} that cannot be printed"


def _cut(text: str) -> str:
    """Both ends of a text that is too long for a record: one record must not fill a disk, or a reader's memory."""
    if len(text) <= MOST_TEXT:
        return text
    half = MOST_TEXT // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def _text_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as reason:  # a format that does not fit its arguments, or an author's __str__
        return f"{_said_by(record.msg)} (cannot format: {type(reason).__name__})"


def _exception_of(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[1] is not None:
        return logging.Formatter().formatException(record.exc_info)
    return record.exc_text or ""

"""What is counted, and that docs/limits.md says what the code does."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipertd.client import streams
from pipertd.control import definitions, events, limits, logs, quarantine, status, taps
from pipertd.control.errors import TooManyCalls
from pipertd.control.limits import Count
from pipertd.control.roles import Role
from pipertd.daemon import descriptor_store
from pipertd.definition import parse
from pipertd.logs import store, writer
from pipertd.protocol import MAX_MESSAGE_BYTES
from pipertd.supervisor import history

PAGE = (Path(__file__).parents[3] / "docs/limits.md").read_text()


def in_words(number: float, unit: str = "") -> str:
    """As people write it."""
    if unit == "bytes":
        if number < 1024:
            return f"{number:g} B"
        return f"{number / 1024**2:g} MiB" if number >= 1024**2 else f"{number / 1024:g} KiB"
    if unit == "s":
        return f"{number / 60:g} min" if number > 60 else f"{number:g} s"
    return f"{number:g}" if number < 10**5 else f"{number:.0f}"


def test_the_page_of_limits_is_the_code() -> None:
    """Every row of every table has the value of a constant, and of every section none is left out."""
    tables = [re.findall(r"^\| (.+?) \| (.+?) \|", part, re.MULTILINE)[1:] for part in PAGE.split("\n## ")[1:]]
    assert [[value for _, value in rows if not value.startswith("-")] for rows in tables] == [
        [
            in_words(limits.MOST_STREAMS),
            in_words(limits.STREAMS_OF_OBSERVERS),
            in_words(limits.MOST_LOOKS),
            in_words(limits.LOOKS_OF_OBSERVERS),
            in_words(limits.MOST_CHANGES),
            in_words(taps.MOST_TAPS),
            in_words(definitions.MOST_HERE),
            in_words(definitions.ABREAST),
            in_words(store.MOST_SEARCHES),
            "1000",  # gRPC's own
        ],
        [
            in_words(limits.MOST_OF_A_CONNECTION),
            in_words(streams.MOST_STREAMS),
            in_words(limits.HANDSHAKE_S, "s"),
            in_words(limits.IDLE_S, "s"),
            in_words(limits.SILENT_S, "s"),
            in_words(limits.SILENT_TIMEOUT_S, "s"),
            in_words(limits.SOONEST_PING_S, "s"),
        ],
        [
            in_words(limits.MOST_REQUEST_BYTES, "bytes"),
            in_words(limits.MOST_METADATA_BYTES, "bytes"),
            in_words(events.MOST_NAME_BYTES, "bytes"),
            in_words(MAX_MESSAGE_BYTES, "bytes"),
            in_words(events.LONGEST_TIMEOUT_S, "s"),
            in_words(logs.MOST_RECORDS),
            in_words(definitions.MOST_FILES),
            in_words(parse.MOST_BYTES, "bytes"),
            in_words(taps.MOST_CREDIT),
        ],
        [
            in_words(status.MOST_AT_ONCE),
            in_words(store.MOST_HELD),
            in_words(quarantine.CHUNK_BYTES, "bytes"),
            in_words(limits.STREAM_BYTES, "bytes"),
        ],
        [in_words(descriptor_store.MOST_DESCRIPTORS)],
    ]
    assert f"there are\n{history.KEPT_NOTICES}," in PAGE
    assert f"{writer.KEPT_FILES + 1} files of {in_words(writer.MAX_FILE_BYTES, 'bytes')}" in PAGE


def test_observers_leave_some_to_those_who_act() -> None:
    """An observer is refused where an operator is still let in, and each gives back what it had."""
    count = Count("call", TooManyCalls, 3, 2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(count.one_more(Role.OBSERVER))
        with pytest.raises(TooManyCalls, match="the rest is kept for operators"), count.one_more(Role.OBSERVER):
            pass
        stack.enter_context(count.one_more(Role.ADMIN))
        with pytest.raises(TooManyCalls, match="3 are open"), count.one_more(Role.ADMIN):
            pass
    assert count.open == 0
    with count.one_more(Role.OBSERVER), count.one_more(Role.OBSERVER):
        assert count.open == 2


def test_who_has_no_role_counts_as_an_observer() -> None:
    """Nobody takes what is kept for operators by being nobody."""
    count = Count("call", TooManyCalls, 2, 1)
    with count.one_more(None), pytest.raises(TooManyCalls), count.one_more(None):
        pass

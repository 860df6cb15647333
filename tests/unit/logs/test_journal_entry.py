"""What an entry of the journal is to us, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipertd.logs.journal_entry import decode_entry, record_of
from pipertd.logs.journal_source import units_of
from pipertd.logs.record import LogRecord

LOGGED = {
    "SYSLOG_IDENTIFIER": "pipertd/street/analyse",
    "PIPERTD_PIPELINE": "street",
    "PIPERTD_FLOW": "analyse",
    "PIPERTD_ROUTINE": "motion",
    "PIPERTD_GENERATION": "3",
    "PIPERTD_LEVEL": "35",
    "PIPERTD_LOGGER": "x",
    "PIPERTD_FIELDS": '{"camera": 3}',
    "PIPERTD_EXCEPTION": "Traceback",
    "PRIORITY": "4",
    "MESSAGE": "it moves",
}
PRINTED = {"SYSLOG_IDENTIFIER": "pipertd/street/analyse", "PRIORITY": "6", "MESSAGE": "hello\r"}


def record(**said: Any) -> LogRecord | None:
    entry = {"__CURSOR": "c", "__REALTIME_TIMESTAMP": "2000000", **said}
    return record_of(decode_entry(json.dumps(entry)))


def test_what_was_logged_is_a_record() -> None:
    """Every field has its place, and the time is that of the sending."""
    expected = LogRecord(
        1.5, 35, "street", "analyse", "motion", 3, "x", "it moves", {"camera": 3}, "Traceback", cursor="c"
    )
    assert record(**LOGGED, _SOURCE_REALTIME_TIMESTAMP="1500000") == expected


def test_what_was_printed_is_output_of_the_flow_that_its_stream_names() -> None:
    """Without a level it came on a stream; its time is that of its arrival."""
    expected = LogRecord(2.0, 20, "street", "analyse", "", 0, "", "hello", source="output", cursor="c")
    assert record(**PRINTED) == expected


def test_what_the_daemon_says_is_of_no_flow_unless_it_names_one() -> None:
    """A notice of a flow is that flow's; a line on the daemon's standard error is nobody's."""
    notice = record(**{**LOGGED, "SYSLOG_IDENTIFIER": "pipertd"})
    line = record(SYSLOG_IDENTIFIER="pipertd", MESSAGE="Fatal Python error")
    assert notice is not None
    assert line is not None
    assert (notice.pipeline, notice.flow) == ("street", "analyse")
    assert (line.pipeline, line.flow, line.source) == ("", "", "output")


@pytest.mark.parametrize("identifier", [None, "", "sh", "pipertctl", "pipertd/street", "pipertd/a/b/c", "xpipertd"])
def test_what_others_say_is_no_record(identifier: str | None) -> None:
    """Also not where they run in the daemon's unit, as its user."""
    assert record(SYSLOG_IDENTIFIER=identifier, MESSAGE="x", PIPERTD_LEVEL="20") is None


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (None, ""),
        ([27, 91, 195, 188], "\x1b[ü"),
        ([255, 65], "\\xffA"),
        (["one", "two"], "one"),
        ([[65, 66], "two"], "AB"),
        ([], ""),
    ],
)
def test_a_text_may_be_bytes_and_be_said_twice(said: Any, text: str) -> None:
    """As journalctl writes what is no clean text; of two values the first one counts."""
    found = record(**{**LOGGED, "MESSAGE": said})
    assert found is not None
    assert found.message == text


@pytest.mark.parametrize(
    "nonsense", ["", "x", "-1", "1.5", "²", "9" * 19, "9" * 400, '{"a":' + "[" * 5000, ["1", "2"], [255], None, []]
)
def test_no_field_is_believed(nonsense: Any) -> None:
    """An entry that only looks like ours is read as well as it can be."""
    forged = dict.fromkeys(LOGGED, nonsense)
    found = record(**{**forged, "SYSLOG_IDENTIFIER": "pipertd/a/b", "_SOURCE_REALTIME_TIMESTAMP": nonsense})
    assert found is not None
    assert 0 <= found.level < 2**31
    assert 0 <= found.generation < 2**31
    assert 0 <= found.time_s < 1e12
    assert found.fields == {}


@pytest.mark.parametrize(
    ("group", "units"),
    [
        ("/system.slice/pipertd.service/daemon", ("pipertd.service", "")),
        ("/system.slice/system-pipertd.slice/pipertd@a.service/flows/p.a.7", ("pipertd@a.service", "")),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/p.service", ("user@1000.service", "p.service")),
        ("/user.slice/user-1000.slice/session-3.scope", ("session-3.scope", "")),
        ("/", ("", "")),
        ("", ("", "")),
    ],
)
def test_the_units_are_those_that_the_journal_names(group: str, units: tuple[str, str]) -> None:
    """Of the system and of the user's own manager, whatever cgroups we have made in them."""
    assert units_of(group) == units

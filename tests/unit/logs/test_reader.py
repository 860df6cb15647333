"""What comes back out of the files, in which order, and how reading goes on."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from pipertd.logs.reader import LogStore
from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.series import MOST_AT_ONCE
from pipertd.logs.writer import FileHandler
from pipertd.names import Target


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(tmp_path)


def write(store: LogStore, flow: str, *texts: str, level: int = logging.INFO, time_s: float | None = None) -> None:
    log = FileHandler(store.flow_file("street", flow), pipeline="street", flow=flow, generation=1, max_bytes=1500)
    for text in texts:
        record = logging.makeLogRecord({"msg": text, "levelno": level, "name": "x", "routine": "r"})
        record.created = time_s or record.created
        log.handle(record)
    log.close()


def print_into(store: LogStore, flow: str, text: str) -> None:
    with store.flow_file("street", flow).open("a") as file:
        file.write(text)


def print_into_made(store: LogStore, flow: str, text: str) -> None:
    store.flow_file("street", flow).parent.mkdir(exist_ok=True)
    print_into(store, flow, "the first one\n" + text)


def texts(records: list[LogRecord]) -> list[str]:
    return [record.message for record in records]


def test_records_of_all_files_come_in_order_of_time(store: LogStore) -> None:
    """Several flows read as one log."""
    write(store, "a", "first", time_s=1.0)
    write(store, "b", "second", time_s=2.0)
    write(store, "a", "third", time_s=3.0)
    assert texts(store.read()) == ["first", "second", "third"]


def test_print_is_output_with_the_time_before_it(store: LogStore) -> None:
    """A line of user code belongs behind the record that it followed."""
    write(store, "a", "begin", time_s=5.0)
    print_into(store, "a", "hello\n")
    printed = store.read()[1]
    assert (printed.source, printed.message, printed.time_s, printed.flow) == ("output", "hello", 5.0, "a")


def test_record_behind_an_unfinished_print_is_found(store: LogStore) -> None:
    """A print without an end of line cannot swallow the record behind it."""
    write(store, "a", "begin")
    print_into(store, "a", "half a line")
    write(store, "a", "end")
    assert texts(store.read()) == ["begin", "half a line", "end"]


def test_torn_record_is_shown_as_output(store: LogStore) -> None:
    """What a kill left of a record is shown as it is, and the next one is whole."""
    write(store, "a", "begin")
    print_into(store, "a", '\x1e{"time_s": 1.0, "lev')
    write(store, "a", "end")
    assert [(record.source, record.message) for record in store.read()] == [
        ("log", "begin"),
        ("output", '{"time_s": 1.0, "lev'),
        ("log", "end"),
    ]


def test_newest_are_taken_across_turned_over_files(store: LogStore) -> None:
    """A limit counts from the end, however many files it takes."""
    write(store, "a", *(f"record {number}" for number in range(30)))
    assert store.flow_file("street", "a").with_name("a.log.1").exists()
    assert texts(store.read(limit=20)) == [f"record {number}" for number in range(10, 30)]


def test_filter_by_target_level_and_time(store: LogStore) -> None:
    """Only what is asked for is read."""
    write(store, "a", "quiet", time_s=1.0)
    write(store, "a", "loud", level=logging.ERROR, time_s=2.0)
    write(store, "b", "other", level=logging.ERROR, time_s=3.0)
    assert texts(store.read(LogFilter(Target("street", "a"), level=logging.WARNING))) == ["loud"]
    assert texts(store.read(LogFilter(since_s=2.5))) == ["other"]
    assert texts(store.read(LogFilter(Target("street", "a", "r")))) == ["quiet", "loud"]


def test_reading_goes_on_behind_any_cursor(store: LogStore) -> None:
    """From each record's cursor on, exactly the later ones are read, also over a turn of files."""
    write(store, "a", "1", "2", time_s=1.0)
    write(store, "b", "3", time_s=2.0)
    first = store.read()
    write(store, "a", *(f"more {number}" for number in range(9)), time_s=3.0)
    expected = texts(store.read())
    for place, record in enumerate(first):
        assert texts(store.read(cursor=record.cursor)) == expected[place + 1 :]


def test_nothing_is_skipped_in_a_file_larger_than_one_read(store: LogStore) -> None:
    """Behind a print of any length, and in a file that was turned over, every line comes, whichever way it is read."""
    print_into_made(store, "a", "x" * (MOST_AT_ONCE + 10) + "\n")
    print_into(store, "a", "".join(f"line {number}\n" for number in range(30_000)))
    write(store, "a", "the last one")  # turns the file over
    write(store, "a", "in the next file")
    expected = [f"line {number}" for number in range(30_000)]
    behind = store.read(cursor=store.read()[0].cursor)
    for found in (texts(store.read()), texts(behind)):
        assert [text for text in found if text.startswith("line ")] == expected
        assert found[-2:] == ["the last one", "in the next file"]
    assert texts(store.read(limit=3)) == ["line 29999", "the last one", "in the next file"]


def test_removed_records_are_said(store: LogStore) -> None:
    """A reader that comes back too late is told so, and is not given a wrong continuation."""
    write(store, "a", "begin")
    (begin,) = store.read()
    write(store, "a", *(f"record {number}" for number in range(100)))
    assert "removed" in store.read(cursor=begin.cursor)[0].message


def test_foreign_cursor_is_refused(store: LogStore) -> None:
    """A cursor is ours or an error."""
    with pytest.raises(ValueError, match="cannot read cursor"):
        store.read(cursor="yesterday")


def test_follow_gives_the_backlog_then_what_is_new(store: LogStore) -> None:
    """A follower sees each record once, whether it was there before or comes later."""
    write(store, "a", "old", "older")

    async def collect() -> list[str]:
        seen: list[str] = []
        async with asyncio.timeout(20):
            async for record in store.follow(backlog=1):
                seen.append(record.message)
                if len(seen) == 1:
                    write(store, "a", "new")
                    write(store, "b", "in a new file")
                if len(seen) == 3:
                    break
        return seen

    assert asyncio.run(collect()) == ["older", "new", "in a new file"]

"""What comes back out of the files, in which order, and how reading goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from pipertd.logs.files import FileLogs
from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.series import MOST_AT_ONCE
from pipertd.logs.tail import finish_line, last_lines
from pipertd.logs.writer import FileHandler, old_file
from tests.no_files import fifo, folder, link_to_a_device


@pytest.fixture
def store(tmp_path: Path) -> FileLogs:
    return FileLogs(tmp_path)


def write(store: FileLogs, flow: str, *texts: str, level: int = logging.INFO, time_s: float | None = None) -> None:
    log = FileHandler(store.flow_file("street", flow), pipeline="street", flow=flow, generation=1, max_bytes=1500)
    for text in texts:
        record = logging.makeLogRecord({"msg": text, "levelno": level, "name": "x", "routine": "r"})
        record.created = time_s or record.created
        log.handle(record)
    log.close()


def print_into(store: FileLogs, flow: str, text: str) -> None:
    with store.flow_file("street", flow).open("a") as file:
        file.write(text)


def print_into_made(store: FileLogs, flow: str, text: str) -> None:
    store.flow_file("street", flow).parent.mkdir(exist_ok=True)
    print_into(store, flow, "the first one\n" + text)


def texts(records: list[LogRecord]) -> list[str]:
    return [record.message for record in records]


def test_records_of_all_files_come_in_order_of_time(store: FileLogs) -> None:
    """Several flows read as one log."""
    write(store, "a", "first", time_s=1.0)
    write(store, "b", "second", time_s=2.0)
    write(store, "a", "third", time_s=3.0)
    assert texts(store.read()) == ["first", "second", "third"]


def test_print_is_output_with_the_time_before_it(store: FileLogs) -> None:
    """A line of user code belongs behind the record that it followed."""
    write(store, "a", "begin", time_s=5.0)
    print_into(store, "a", "hello\n")
    printed = store.read()[1]
    assert (printed.source, printed.message, printed.time_s, printed.flow) == ("output", "hello", 5.0, "a")


STACK = [f"  File x.py, line {number} in work {'.' * 60}" for number in range(2000)]  # more than is read in one step


def test_a_tail_that_begins_in_prints_gives_them_the_time_before_them(store: FileLogs) -> None:
    """However few lines are asked for: a stack belongs behind the record that it followed, and to its run."""
    write(store, "a", "begin", time_s=5.0)
    print_into(store, "a", "\n".join(STACK) + "\n")
    write(store, "b", "meanwhile", time_s=6.0)
    for limit in (2, 3, 500, 1900):
        records = store.read(limit=limit)
        assert texts(records) == [*STACK[1 - limit :], "meanwhile"]
        assert {(each.time_s, each.generation) for each in records[:-1]} == {(5.0, 1)}
    assert texts(store.read(LogFilter(since_s=5.5))) == ["meanwhile"]


def test_a_cursor_in_prints_gives_the_rest_the_time_before_them(store: FileLogs) -> None:
    """Reading goes on within a stack as it began."""
    write(store, "a", "begin", time_s=5.0)
    print_into(store, "a", "one\ntwo\n")
    (two,) = store.read(cursor=store.read()[1].cursor)
    assert (two.message, two.time_s) == ("two", 5.0)


def test_a_print_at_the_beginning_of_a_file_has_the_time_before_it(store: FileLogs) -> None:
    """Where the file was turned over between a record and its prints, the record is in the file before."""
    write(store, "a", "x" * 1500, time_s=5.0)
    log = FileHandler(store.flow_file("street", "a"), max_bytes=1500)
    assert log.turn_over_if_full()
    log.close()
    print_into(store, "a", "one\ntwo\n")
    assert [each.time_s for each in store.read(limit=2)] == [5.0, 5.0]


def test_prints_whose_record_is_gone_come_no_later_than_the_next_one(store: FileLogs) -> None:
    """What is printed before the oldest record that is kept stands before it."""
    print_into_made(store, "a", "and more\n")
    write(store, "a", "begin", time_s=5.0)
    write(store, "b", "later", time_s=6.0)
    assert texts(store.read()) == ["the first one", "and more", "begin", "later"]


def test_record_behind_an_unfinished_print_is_found(store: FileLogs) -> None:
    """A print without an end of line cannot swallow the record behind it."""
    write(store, "a", "begin")
    print_into(store, "a", "half a line")
    write(store, "a", "end")
    assert texts(store.read()) == ["begin", "half a line", "end"]


def test_a_print_without_an_end_is_not_lost_when_its_file_is_turned_over(store: FileLogs) -> None:
    """What stands there then is a line of its own, for a reader from the beginning, from the end, and by cursor."""
    write(store, "a", "begin")
    begin = store.end()
    print_into(store, "a", "half a line" + " " * 1500)
    write(store, "a", "in the next file")
    assert store.flow_file("street", "a").with_name("a.log.1").exists()
    expected = ["half a line" + " " * 1500, "in the next file"]
    assert texts(store.read()) == ["begin", *expected]
    assert texts(store.read(limit=2)) == expected
    assert texts(store.read(cursor=begin)) == expected


def test_torn_record_is_shown_as_output(store: FileLogs) -> None:
    """What a kill left of a record is shown as it is, and the next one is whole."""
    write(store, "a", "begin")
    print_into(store, "a", '\x1e{"time_s": 1.0, "lev')
    write(store, "a", "end")
    assert [(record.source, record.message) for record in store.read()] == [
        ("log", "begin"),
        ("output", '{"time_s": 1.0, "lev'),
        ("log", "end"),
    ]


@pytest.mark.parametrize(
    ("key", "nonsense"),
    [
        ("time_s", "-1"),
        ("time_s", "1e15"),
        ("level", "9999999999"),
        ("generation", "9" * 400),
        ("fields", '{"a":' + "[" * 5000),
    ],
)
def test_what_only_looks_like_a_record_is_shown_as_output(store: FileLogs, key: str, nonsense: str) -> None:
    """No reader is kept from what is behind a line that a flow made up."""
    said = {"time_s": "1.0", "level": "20", "generation": "1"}
    said |= dict.fromkeys(("pipeline", "flow", "routine", "logger", "message"), '""')
    line = "{" + ", ".join(f'"{name}": {value}' for name, value in (said | {key: nonsense}).items()) + "}"
    write(store, "a", "begin")
    print_into(store, "a", f"\x1e{line}\n")
    write(store, "a", "end")
    assert [record.source for record in store.read()] == ["log", "output", "log"]


def test_newest_are_taken_across_turned_over_files(store: FileLogs) -> None:
    """A limit counts from the end, however many files it takes."""
    write(store, "a", *(f"record {number}" for number in range(30)))
    assert store.flow_file("street", "a").with_name("a.log.1").exists()
    assert texts(store.read(limit=20)) == [f"record {number}" for number in range(10, 30)]


def test_reading_goes_on_behind_any_cursor(store: FileLogs) -> None:
    """From each record's cursor on, exactly the later ones are read, also over a turn of files."""
    write(store, "a", "1", "2", time_s=1.0)
    write(store, "b", "3", time_s=2.0)
    first = store.read()
    write(store, "a", *(f"more {number}" for number in range(9)), time_s=3.0)
    expected = texts(store.read())
    for place, record in enumerate(first):
        assert texts(store.read(cursor=record.cursor)) == expected[place + 1 :]


def test_nothing_is_skipped_in_a_file_larger_than_one_read(store: FileLogs) -> None:
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


def test_removed_records_are_said(store: FileLogs) -> None:
    """A reader that comes back too late is told so, and is not given a wrong continuation."""
    write(store, "a", "begin")
    (begin,) = store.read()
    write(store, "a", *(f"record {number}" for number in range(100)))
    assert "removed" in store.read(cursor=begin.cursor)[0].message


@pytest.mark.parametrize("words", ["-1:0", "5:-1:0", f"5:{1 << 62}:0", f"5:{1 << 80}:0"])
def test_a_cursor_of_no_place_is_refused(store: FileLogs, words: str) -> None:
    """What cannot be a place in a file is an error of who says it, not of the reading."""
    write(store, "a", "begin")
    with pytest.raises(ValueError, match="cannot read cursor"):
        store.read(cursor=f"street/a:{words}")


def test_a_limited_reading_goes_on_where_it_ended(store: FileLogs) -> None:
    """Behind a cursor of the newest few comes nothing that is older than they are, of no flow."""
    line = "x" * 400
    for number in range(40):  # many files of each
        write(store, "a", f"{line} {number}", time_s=2.0 * number)
        write(store, "b", f"{line} {number}", time_s=2.0 * number + 1)
    for limit in range(1, 8):
        newest = store.read(limit=limit)
        for place, each in enumerate(newest):
            assert texts(store.read(cursor=each.cursor)) == texts(newest[place + 1 :])


def test_a_reading_that_begins_at_the_end_begins_with_a_whole_record(store: FileLogs) -> None:
    """A record that is on its way when the end is looked for comes as a whole, and comes."""
    write(store, "a", "begin")
    whole = store.flow_file("street", "a").read_text()
    print_into(store, "a", whole[:20])
    end = store.end()
    print_into(store, "a", whole[20:])
    assert [(each.source, each.message) for each in store.read(cursor=end)] == [("log", "begin")]


def test_a_reading_that_began_in_an_empty_file_misses_nothing_silently(store: FileLogs) -> None:
    """Where what came into the empty file is gone before it is read, a record says so."""
    write(store, "a", "x" * 1500)
    log = FileHandler(store.flow_file("street", "a"), max_bytes=1500)
    assert log.turn_over_if_full()
    log.close()
    assert store.flow_file("street", "a").stat().st_size == 0
    end = store.end()
    write(store, "a", *(f"record {number}" for number in range(100)))
    assert "removed" in store.read(cursor=end)[0].message


def test_a_cursor_outlives_the_store_and_the_turns_of_its_files(store: FileLogs) -> None:
    """Another daemon on the same folder goes on behind it, however often the file was turned over meanwhile."""
    write(store, "a", "begin")
    cursor = store.end()
    for number in range(12):
        write(store, "a", f"record {number}")
    assert store.flow_file("street", "a").with_name("a.log.1").exists()
    assert texts(FileLogs(store.folder).read(cursor=cursor)) == [f"record {number}" for number in range(12)]


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [fifo, folder, link_to_a_device, link_to_itself])
def test_what_is_no_file_is_left_out(store: FileLogs, make: Callable[[Path], None]) -> None:
    """Whatever somebody put there instead of a log: nobody waits for it, and all others are read."""
    write(store, "a", "of another flow", time_s=1.0)
    write(store, "b", "turned over", time_s=2.0)
    file = store.flow_file("street", "b")
    file.rename(old_file(file, 1))
    make(file)
    assert texts(store.read()) == ["of another flow", "turned over"]
    assert last_lines(file, 10, 1000) == []
    finish_line(file)


def test_what_was_turned_over_is_read_without_the_file_in_use(store: FileLogs) -> None:
    """Somebody removed that one, and its writer has not made it anew yet."""
    write(store, "a", "of another flow", time_s=1.0)
    file = store.daemon_file
    log = FileHandler(file, max_bytes=1)
    log.handle(logging.makeLogRecord({"msg": "turned over", "name": "x"}))
    log.handle(logging.makeLogRecord({"msg": "removed", "name": "x"}))
    log.close()
    file.unlink()
    assert texts(store.read()) == ["of another flow", "turned over"]

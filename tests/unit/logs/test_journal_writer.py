"""Records and prints on their way into journald, which is a pair of sockets of each test's own."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipertd.logs.content import MOST_TEXT
from pipertd.logs.flood import Flood
from pipertd.logs.journal import connect_stream
from pipertd.logs.journal_writer import JournalHandler
from tests.unit.logs.journald import Journald


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    with Journald(tmp_path) as made:
        yield made


@pytest.fixture
def log(journald: Journald) -> Iterator[JournalHandler]:
    made = JournalHandler(pipeline="street", flow="analyse", generation=3, folder=journald.folder)
    yield made
    made.close()


def record(text: str, level: int = logging.INFO, **attributes: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "street", "msg": text, "levelno": level, **attributes})


def texts(journald: Journald) -> list[str]:
    return [entry["MESSAGE"] for entry in journald.entries()]


def test_a_record_has_its_fields(journald: Journald, log: JournalHandler) -> None:
    """Who wrote it, where in the code, how grave it is, and what an author gave it beside its text."""
    place = {"pathname": "/x/street.py", "lineno": 7, "funcName": "main_logic"}
    log.handle(record("found", logging.WARNING, routine="detect", objects=2, **place))
    (entry,) = journald.entries()
    assert json.loads(entry.pop("PIPERTD_FIELDS")) == {"objects": 2}
    assert entry == {
        "MESSAGE": "found",
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "pipertd/street/analyse",
        "PIPERTD_PIPELINE": "street",
        "PIPERTD_FLOW": "analyse",
        "PIPERTD_ROUTINE": "detect",
        "PIPERTD_GENERATION": "3",
        "PIPERTD_LEVEL": "30",
        "PIPERTD_LOGGER": "street",
        "CODE_FILE": "/x/street.py",
        "CODE_LINE": "7",
        "CODE_FUNC": "main_logic",
    }


def test_the_daemon_speaks_of_flows_in_its_own_name(journald: Journald) -> None:
    """A notice is the daemon's, of a flow, and has the id that its kind has on every machine; a record has none."""
    daemon = JournalHandler(folder=journald.folder)
    daemon.handle(record("it exited", pipeline="p", flow="f", generation=2, notice="flow_exited", message_id="0a" * 16))
    daemon.handle(record("by an author", notice="mine"))
    daemon.close()
    notice, other = journald.entries()
    assert (notice["SYSLOG_IDENTIFIER"], notice["PIPERTD_PIPELINE"], notice["PIPERTD_FLOW"]) == ("pipertd", "p", "f")
    assert (notice["MESSAGE_ID"], notice["PIPERTD_NOTICE"]) == ("0a" * 16, "flow_exited")
    assert {"MESSAGE_ID", "PIPERTD_NOTICE", "PIPERTD_FLOW", "PIPERTD_GENERATION"}.isdisjoint(other)


@pytest.mark.parametrize(
    ("level", "priority"), [(5, "7"), (10, "7"), (20, "6"), (25, "6"), (30, "4"), (40, "3"), (50, "2"), (99, "2")]
)
def test_a_level_is_a_priority(journald: Journald, log: JournalHandler, level: int, priority: str) -> None:
    """`journalctl -p warning` shows what Python calls a warning, and what is graver."""
    log.handle(record("x", level))
    assert [entry["PRIORITY"] for entry in journald.entries()] == [priority]


@pytest.mark.parametrize("text", ["two\nlines", "\n", "MESSAGE=x\nPRIORITY=0", "\x00\x1b[31m\x1e", "\udcff", ""])
def test_no_text_is_taken_for_a_field(journald: Journald, log: JournalHandler, text: str) -> None:
    """Whatever an author logs is one value of one entry."""
    log.handle(record(text, spite=text))
    (entry,) = journald.entries()
    assert entry["MESSAGE"] == text.encode("utf-8", "backslashreplace").decode()
    assert entry["PRIORITY"] == "6"


def test_a_record_larger_than_a_datagram_comes_whole(journald: Journald, log: JournalHandler) -> None:
    """It goes in a sealed file, as far as a record may be large at all."""
    fields: dict[str, Any] = {f"f{number}": "ä" * MOST_TEXT for number in range(200)}
    log.handle(record("large", **fields))
    (entry,) = journald.entries()
    assert json.loads(entry["PIPERTD_FIELDS"]) == fields


def test_an_exception_is_a_field_of_its_own(journald: Journald, log: JournalHandler) -> None:
    """The text stays what the author wrote, and the traceback is beside it."""
    try:
        raise LookupError("nothing to find")
    except LookupError:
        log.handle(record("failed", logging.ERROR, exc_info=sys.exc_info()))
    (entry,) = journald.entries()
    assert entry["MESSAGE"] == "failed"
    assert entry["PIPERTD_EXCEPTION"].endswith("LookupError: nothing to find")


def test_what_journald_does_not_take_is_counted_and_said(journald: Journald, log: JournalHandler) -> None:
    """While it reads nothing a flow goes on; when it reads again the loss is said, and records come as before."""
    sent = 2000
    for number in range(sent):
        log.handle(record(str(number)))
    taken = texts(journald)
    assert taken == [str(number) for number in range(len(taken))]
    log.handle(record("again"))
    assert texts(journald) == [f"{sent - len(taken)} records were lost: the journal did not take them", "again"]


def test_journald_may_go_and_come(journald: Journald, log: JournalHandler) -> None:
    """Its socket is another one when it is back, and nothing has to be told of that."""
    journald.close()
    log.handle(record("lost"))
    journald.open()
    log.tend()
    log.handle(record("kept"))
    assert texts(journald) == ["1 records were lost: the journal did not take them", "kept"]


def test_a_record_behind_the_end_is_written_all_the_same(journald: Journald, log: JournalHandler) -> None:
    """An author's `logging.shutdown` closes the handler, and what comes then is worth reading."""
    log.close()
    log.handle(record("late"))
    assert texts(journald) == ["late"]
    log.close()


def test_a_flood_is_suppressed_and_said_and_hides_no_warning(journald: Journald) -> None:
    """Of many records some are written; warnings have an allowance of their own; it is said how many were not."""
    now_s = [0.0]
    log = JournalHandler(flow="f", pipeline="p", folder=journald.folder, flood=Flood(3, 1.0, lambda: now_s[0]))
    for number in range(10):
        log.handle(record(str(number)))
    log.handle(record("grave", logging.ERROR))
    said = "suppressed 7 records: they came too fast"
    assert texts(journald) == ["0", "1", "2", said, "grave"]
    now_s[0] = 2.0
    for number in range(4):
        log.handle(record(str(number)))
    assert texts(journald) == ["0", "1"]
    log.close()
    assert texts(journald) == ["suppressed 2 records: they came too fast"]


PRINTING = """\
import logging, os, sys
from pathlib import Path
from pipertd.logs.flood import Flood
from pipertd.logs.journal_writer import JournalHandler
from pipertd.logs.printed import take_prints
log = JournalHandler(pipeline="p", flow="f", folder=Path(sys.argv[1]), flood=Flood(5, 0.001))
take_prints(log.prints)
"""


def printing(journald: Journald, program: str) -> None:
    """Run a program whose prints go to a stream, as a flow's do."""
    output = connect_stream("pipertd/p/f", journald.folder)
    try:
        command = [sys.executable, "-u", "-c", PRINTING + program, str(journald.folder)]
        subprocess.run(command, stdout=output, stderr=output, check=True, timeout=120)
    finally:
        socket.close(output)


def read(stream: socket.socket) -> list[str]:
    """All that was printed to a stream that everybody closed."""
    return b"".join(iter(lambda: stream.recv(1 << 16), b"")).decode().splitlines()


def test_prints_go_to_a_stream_of_their_own(journald: Journald) -> None:
    """Its head names the flow and the level; Python's prints and those of C code are lines there, in their order."""
    printing(journald, "print('one'); os.write(2, b'two\\n'); print('three', file=sys.stderr)")
    assert journald.accept() == ["pipertd/p/f", "", "6", "0", "0", "0", "0"]
    assert read(journald.streams[0]) == ["one", "two", "three"]


def test_a_flood_of_prints_is_suppressed_by_whole_lines(journald: Journald) -> None:
    """A line is written or not as a whole, in however many pieces it is printed; records have their own allowance."""
    printing(
        journald,
        "for number in range(8): print(number, end=' '); print('of', 8)\n"
        "log.handle(logging.makeLogRecord({'msg': 'said', 'levelno': 20})); log.close()",
    )
    journald.accept()
    assert read(journald.streams[0]) == [f"{number} of 8" for number in range(5)]
    assert texts(journald) == ["suppressed 3 lines of prints: they came too fast", "said"]


def test_prints_hold_nobody_up_and_go_on(journald: Journald) -> None:
    """To a journald that reads nothing some are lost, and that is said; those of a stopped one go to the next."""
    printing(
        journald,
        "log.prints._flood = None; [print('x' * 1000) for _ in range(10_000)]; log.tend()",
    )
    journald.accept()
    lines = read(journald.streams[0])
    assert 0 < len(lines) < 10_000
    (said,) = texts(journald)
    assert said.endswith(" B of prints were lost: the journal did not take them")
    journald.close()
    output = connect_stream("pipertd/p/f", journald.folder)
    journald.open()
    program = PRINTING + "print('lost'); os.write(2, b'x'); log.tend(); print('kept'); os.write(1, b'by C\\n')"
    subprocess.run(
        [sys.executable, "-u", "-c", program, str(journald.folder)],
        stdout=output,
        stderr=output,
        check=True,
        timeout=120,
    )
    socket.close(output)
    journald.accept()
    assert read(journald.streams[0]) == ["kept", "by C"]
    assert texts(journald) == ["5 B of prints were lost: the journal did not take them"]


def test_c_code_does_not_wait_for_a_journald_that_takes_nothing(journald: Journald) -> None:
    """A stream that was full at two looks is one that nobody waits for, until there is room again."""
    printing(
        journald,
        "import contextlib\n"
        "with contextlib.suppress(BlockingIOError):\n"
        "    while True: os.write(1, b'x' * 1000)\n"
        "log.tend(); first = os.get_blocking(1); log.tend()\n"
        "log.handle(logging.makeLogRecord({'msg': f'{first} {os.get_blocking(1)}', 'levelno': 20}))",
    )
    assert texts(journald) == ["True False"]


def test_a_child_prints_whatever_a_thread_of_its_parent_did(journald: Journald) -> None:
    """A process that is forked while some thread prints is held up by no lock of that thread, which it has not."""
    output = connect_stream("pipertd/p/f", journald.folder)
    program = (
        "import os, sys, threading\n"
        "from pipertd.logs.destination import flow_handler\n"
        "from pipertd.logs.printed import take_prints\n"
        "from pipertd.protocol import LogSpec\n"
        "log = flow_handler(LogSpec(kind='journal', path=sys.argv[1]), pipeline='p', flow='f', generation=1)\n"
        "take_prints(log.prints)\n"
        "printing = threading.Event()\n"
        "def hold():\n"
        "    log.prints._writing.acquire(); printing.set(); threading.Event().wait()\n"
        "threading.Thread(target=hold, daemon=True).start(); printing.wait()\n"
        "child = os.fork()\n"
        "if not child: print('here'); os._exit(0)\n"
        "os.waitpid(child, 0); os._exit(0)\n"
    )
    quiet = "-Wignore::DeprecationWarning"  # from 3.12 on the parent would wait for that lock, to warn of it
    command = [sys.executable, quiet, "-u", "-c", program, str(journald.folder)]
    subprocess.run(command, stdout=output, stderr=output, check=True, timeout=120)
    socket.close(output)
    journald.accept()
    assert read(journald.streams[0]) == ["here"]


def test_prints_that_an_author_sends_elsewhere_stay_there(journald: Journald, tmp_path: Path) -> None:
    """Only a stream of ours is connected anew."""
    file = tmp_path / "elsewhere"
    printing(
        journald,
        f"fd = os.open({str(file)!r}, os.O_WRONLY | os.O_CREAT); os.dup2(fd, 1); os.dup2(fd, 2)\n"
        "print('one'); log.tend(); print('two')",
    )
    assert file.read_text() == "one\ntwo\n"

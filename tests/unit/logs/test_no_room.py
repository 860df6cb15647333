"""Records and prints where the log file can grow no further."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.logs.files import FileLogs
from pipertd.logs.writer import FileHandler, open_log
from tests.room import room_for

PROGRAM = """
import os, resource, sys
from pathlib import Path
from pipertd.logs.printed import take_prints
from pipertd.logs.writer import FileHandler

log = FileHandler(Path(sys.argv[1]))
take_prints(log.prints)
print("there is room", flush=True)
most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (os.fstat(1).st_size + 4, most[1]))
print("torn", "x" * 95, flush=True)
print("lost", file=sys.stderr, flush=True)
assert sys.stdout.buffer.write(b"y" * 10) == 10
sys.stdout.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, most)
print("there is room again")
log.tend()
log.tend()
"""

FORKING = """
import os, resource, sys, threading
from pipertd.logs.destination import flow_handler
from pipertd.logs.printed import take_prints
from pipertd.protocol import LogSpec

log = flow_handler(LogSpec(kind="file", path=sys.argv[1]), pipeline="p", flow="f", generation=1)
take_prints(log.prints)
counting = threading.Event()
def hold():
    log.prints._counting.acquire(); counting.set(); threading.Event().wait()
threading.Thread(target=hold, daemon=True).start(); counting.wait()
resource.setrlimit(resource.RLIMIT_FSIZE, (os.fstat(1).st_size, resource.RLIM_INFINITY))
child = os.fork()
if not child: print("lost"); os._exit(0)
os.waitpid(child, 0); os._exit(0)
"""


@pytest.fixture
def logs(tmp_path: Path) -> FileLogs:
    return FileLogs(tmp_path)


@pytest.fixture
def log(logs: FileLogs) -> Iterator[FileHandler]:
    writer = FileHandler(logs.flow_file("p", "f"), pipeline="p", flow="f")
    yield writer
    writer.close()


def said(logs: FileLogs) -> list[tuple[str, str]]:
    return [(record.source, record.message) for record in logs.read()]


def logged(text: str) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "user", "msg": text, "levelno": logging.INFO})


@pytest.mark.parametrize("room", [0, 1, 40])
def test_torn_record_takes_nothing_with_it(logs: FileLogs, log: FileHandler, room: int) -> None:
    """A record for which there is half the room is lost, counted and said; what follows it is whole."""
    file = logs.flow_file("p", "f")
    output = os.open(file, os.O_RDONLY)
    try:
        with room_for(output, room):
            log.handle(logged("lost"))
    finally:
        os.close(output)
    log.tend()
    with file.open("a") as prints:
        prints.write("printed\n")
    log.handle(logged("whole"))
    torn = [(source, text) for source, text in said(logs) if text.startswith("{") or not text]
    assert len(torn) == (room > 0)
    assert [each for each in said(logs) if each not in torn] == [
        ("log", "1 records were lost: the log file could not be written"),
        ("output", "printed"),
        ("log", "whole"),
    ]


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_print_without_room_raises_nothing(logs: FileLogs, unbuffered: str) -> None:
    """A print that finds no room is lost, and said once, with how much; the next one is a line of its own."""
    file = logs.flow_file("p", "f")
    output = open_log(file)
    try:
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(file)],
            stdout=output,
            stderr=output,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            check=True,
            timeout=120,
        )
    finally:
        os.close(output)
    first, torn, *rest = [text for _, text in said(logs)]
    told = "112 B of prints were lost: the log file could not be written"  # of 101 + 5 + 10, for which there were 4
    assert (first, torn, sorted(rest)) == ("there is room", "torn", [told, "there is room again"])


def test_a_child_prints_whatever_a_thread_of_its_parent_did(tmp_path: Path) -> None:
    """A process that is forked while some thread counts what was lost is held up by no lock of that thread."""
    with (tmp_path / "f.log").open("ab") as output:
        quiet = "-Wignore::DeprecationWarning"  # from 3.12 on the parent would wait for that lock, to warn of it
        command = [sys.executable, quiet, "-u", "-c", FORKING, output.name]
        subprocess.run(command, stdout=output, stderr=output, check=True, timeout=120)

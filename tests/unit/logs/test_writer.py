"""What the handler leaves in the file, whatever happens to it."""

from __future__ import annotations

import json
import logging
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.logs.destination import flow_handler
from pipertd.logs.writer import KEPT_FILES, FileHandler, old_file
from pipertd.protocol import LogSpec
from pipertd.regular import NotRegular


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "street" / "capture.log"


@pytest.fixture
def log(file: Path) -> Iterator[FileHandler]:
    writer = FileHandler(file, pipeline="street", flow="capture", generation=3, max_bytes=2000)
    yield writer
    writer.close()


def record(text: str, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("user.code", logging.WARNING, "x.py", 1, text, (), None)
    vars(made).update(extra)
    return made


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line[1:]) for line in file.read_text().split("\n") if line.startswith("\x1e")]


def test_record_is_one_line_with_its_context(log: FileHandler, file: Path) -> None:
    """A record says from where it comes; what it carries besides is in its fields."""
    log.handle(record("two\nlines", routine="decode", frame=7))
    (line,) = lines(file)
    assert (line["pipeline"], line["flow"], line["routine"], line["generation"]) == ("street", "capture", "decode", 3)
    assert (line["message"], line["level"], line["fields"]) == ("two\nlines", logging.WARNING, {"frame": 7})


def test_exception_travels_with_the_record(log: FileHandler, file: Path) -> None:
    """The traceback of a record is in the same line."""
    made = record("failed")
    reason = RuntimeError("no picture")
    made.exc_info = (RuntimeError, reason, None)
    log.handle(made)
    assert "RuntimeError: no picture" in str(lines(file)[0]["exception"])


def test_format_that_does_not_fit_is_still_written(log: FileHandler, file: Path) -> None:
    """A mistake in a log call costs no record and no flow."""
    made = record("frame %d of %d")
    made.args = ("x",)
    log.handle(made)
    assert "frame %d of %d" in str(lines(file)[0]["message"])


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


def test_logging_raises_nothing_and_stays_readable(log: FileHandler, file: Path) -> None:
    """Whatever an author puts into a record, one line that can be read comes of it, and no exception."""
    circle: list[object] = []
    circle.append(circle)
    made = record("%s", fields_nan=float("nan"), circle=circle, odd=Unprintable(), long="x" * 1_000_000, fine=[1, "a"])
    made.huge, made.generation = 10**5000, 10**400
    made.args = (Unprintable(),)
    log.handle(made)
    (line,) = lines(file)
    assert str(line["message"]).startswith("%s (cannot format: RuntimeError")
    fields = line["fields"]
    assert isinstance(fields, dict)
    assert (fields["fields_nan"], fields["fine"]) == ("nan", [1, "a"])
    assert fields["odd"] == "a Unprintable that cannot be printed"
    assert "characters left out" in fields["long"]
    assert (fields["huge"], line["generation"]) == ("a int that cannot be printed", 3)
    assert file.stat().st_size < 100_000


def test_full_file_is_turned_over_and_old_ones_go(log: FileHandler, file: Path) -> None:
    """No more files are kept than were agreed, and none grows far beyond its limit."""
    for number in range(200):
        log.handle(record(f"record {number}"))
    files = sorted(file.parent.iterdir())
    assert len(files) == KEPT_FILES + 1
    assert all(path.stat().st_size < 2500 for path in files)
    assert lines(file)[-1]["message"] == "record 199"


def test_long_old_files_go_early(log: FileHandler, file: Path) -> None:
    """Old files longer than was agreed, as prints make them, are kept only where all of them together fit."""
    for number in range(6):
        with file.open("a") as prints:
            prints.write("x" * 20_000 + "\n")
        log.handle(record(f"record {number}"))
    (kept,) = file.parent.glob("*.log.*")
    assert kept == old_file(file, 1)
    assert kept.stat().st_size > 20_000


def test_deleted_file_is_made_anew(log: FileHandler, file: Path) -> None:
    """Records go on when somebody removes the file."""
    file.unlink()
    log.handle(record("here again"))
    assert lines(file)[0]["message"] == "here again"


def test_nothing_is_written_into_what_is_no_file(log: FileHandler, file: Path) -> None:
    """Where a FIFO lies in the place of a file that was deleted, the deleted one is kept: a FIFO is full at once."""
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(NotRegular):
        FileHandler(file)
    for number in range(3000):
        log.handle(record(f"record {number}"))
    file.unlink()
    log.handle(record("behind it"))
    assert lines(file)[-1]["message"] == "behind it"


def test_closed_file_is_opened_again(log: FileHandler, file: Path) -> None:
    """Records go on when an author's ``logging.shutdown`` or ``dictConfig`` has closed the handler."""
    log.handle(record("before"))
    log.close()
    log.handle(record("behind"))
    assert [line["message"] for line in lines(file)] == ["before", "behind"]


def test_without_a_descriptor_no_file_goes(log: FileHandler, file: Path) -> None:
    """A full file is kept, with all old ones, as long as no other can be opened."""
    for number in range(100):
        log.handle(record(f"record {number}"))
    with file.open("a") as prints:
        prints.write("x" * 2000 + "\n")
    before = {path: path.stat().st_ino for path in file.parent.iterdir()}
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, descriptors[1]))
    try:
        for _ in range(2 * KEPT_FILES):
            log.handle(record("no descriptor"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, descriptors)
    assert {path: path.stat().st_ino for path in file.parent.iterdir()} == before
    log.handle(record("a descriptor"))
    assert [line["message"] for line in lines(file)] == ["a descriptor"]


def test_prints_follow_into_the_new_file(tmp_path: Path) -> None:
    """Descriptors 1 and 2 of a flow move to the new file with its records."""
    file = tmp_path / "capture.log"
    program = (
        "import logging, sys; from pathlib import Path; from pipertd.logs.writer import FileHandler\n"
        "log = FileHandler(Path(sys.argv[1]), max_bytes=10)\n"
        "print('before', flush=True); log.handle(logging.makeLogRecord({'msg': 'a'}))\n"
        "log.handle(logging.makeLogRecord({'msg': 'b'})); print('behind', flush=True)\n"
    )
    with file.open("ab") as output:
        subprocess.run([sys.executable, "-c", program, str(file)], stdout=output, check=True, timeout=120)
    assert file.read_text().endswith("behind\n")
    assert "before" in file.with_name("capture.log.1").read_text()


def test_lost_records_are_counted_and_said(log: FileHandler, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk loses records, but never silently and never with an exception in user code."""

    def full(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        log.handle(record("lost"))
        log.handle(record("lost too"))
    log.handle(record("kept"))
    assert [line["message"] for line in lines(file)] == [
        "2 records were lost: the log file could not be written",
        "kept",
    ]


def test_unknown_kind_of_log_is_refused() -> None:
    """A flow never falls back to a log that nobody asked for."""
    with pytest.raises(ValueError, match="stone"):
        flow_handler(LogSpec(kind="stone"), pipeline="p", flow="f", generation=1)

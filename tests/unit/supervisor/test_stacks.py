"""The file for the stacks of one process, and what is made of them when it is dead."""

from __future__ import annotations

import faulthandler
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.logs.files import FileLogs
from pipertd.supervisor.evidence import Evidence
from pipertd.supervisor.stacks import StacksFile, StacksFolder, fatal_thread

OF_A_SIGNAL = b"Fatal Python error: Aborted\n\nCurrent thread 0x00aa (most recent call first):\n  File x\n"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StacksFile]:
    made = StacksFolder(tmp_path).make()
    assert made is not None
    yield made
    if any(tmp_path.glob("*.stacks")):
        made.remove()


def evidence(folder: Path, file: StacksFile | None) -> tuple[Evidence, FileLogs]:
    logs = FileLogs(folder / "logs")
    log = logs.flow_file("p", "f")
    log.parent.mkdir(parents=True)
    log.write_text("printed last")
    return Evidence(logs, file, "p", "f", 3), logs


def write(file: StacksFile, content: bytes) -> None:
    with open(file.fd, "wb", buffering=0, closefd=False) as output:
        output.write(content)


def test_the_end_of_a_process_is_logged_with_its_stacks(tmp_path: Path, file: StacksFile) -> None:
    """What faulthandler wrote is one record of the flow, and no part of its last lines; the file is gone."""
    left, logs = evidence(tmp_path, file)
    faulthandler.dump_traceback(file.fd)
    left.end_log()
    left.close("its progress watchdog allows 5 s")
    assert "test_the_end_of_a_process_is_logged" in left.stacks
    assert left.last_lines() == "printed last"
    assert left.whole_end() == f"printed last\n{left.stacks}"
    record = logs.read()[-1]
    assert record.message == "the stacks of all threads, because its progress watchdog allows 5 s"
    assert (record.exception, record.level, record.generation) == (left.stacks, logging.WARNING, 3)
    assert not list(tmp_path.glob("*.stacks"))


def test_the_stacks_of_an_earlier_death_are_no_last_lines(tmp_path: Path, file: StacksFile) -> None:
    """What the next process wrote before it died is behind what the one before it left."""
    first, logs = evidence(tmp_path, file)
    write(file, OF_A_SIGNAL)
    first.end_log()
    first.close()
    second = Evidence(logs, None, "p", "f", 4)
    second.end_log()
    second.close()
    assert second.last_lines() == "printed last"


def test_a_process_that_left_no_stacks_has_no_record_of_them(tmp_path: Path, file: StacksFile) -> None:
    """Most processes end without; and where there was no place for a file there are none."""
    for place, name in ((file, "one"), (None, "two")):
        left, logs = evidence(tmp_path / name, place)
        left.end_log()
        left.close()
        assert (left.stacks, left.fatal_thread, left.whole_end()) == ("", None, "printed last")
        assert [record.message for record in logs.read()] == ["printed last"]


def test_a_fatal_signal_is_told_from_what_was_asked_before(tmp_path: Path, file: StacksFile) -> None:
    """Only the last words count, and name the thread that was struck."""
    left, _ = evidence(tmp_path, file)
    write(file, b"Current thread 0x01 (most recent call first):\n  File old\n" + OF_A_SIGNAL)
    left.end_log()
    left.close()
    assert left.fatal_thread == 0xAA
    assert left.stacks == OF_A_SIGNAL.decode().strip()


def test_the_last_fatal_traceback_names_the_thread() -> None:
    """The current thread behind the words of the last fatal signal is the one that was struck."""
    second = b"Fatal Python error: Segmentation fault\n\nThread 0x01 (most\n\nCurrent thread 0x00bb (most\n"
    assert fatal_thread(OF_A_SIGNAL) == 0xAA
    assert fatal_thread(OF_A_SIGNAL + second) == 0xBB
    assert fatal_thread(b"Current thread 0x01 (most recent call first):\n") is None


def test_stacks_asked_for_by_hand_are_logged_once_and_whole(tmp_path: Path, file: StacksFile) -> None:
    """A look that finds them as the look before has them logged; they are not taken for the stacks of its end."""
    left, logs = evidence(tmp_path, file)
    write(file, b"Current thread 0x01 (most recent call first):\n")
    left.look()
    write(file, b"  File late\n")
    for _ in range(3):
        left.look()
    (record,) = [each for each in logs.read() if each.source == "log"]
    assert record.exception.endswith("File late")
    left.end_log()
    left.close()
    assert left.stacks == ""


def test_the_next_daemon_reads_what_was_written_in_between(tmp_path: Path) -> None:
    """A file of a process that is looked after is found by its name and stays; one of nobody's is removed."""
    (tmp_path / "0123.stacks").write_bytes(OF_A_SIGNAL)
    (tmp_path / "4567.stacks").touch()
    folder = StacksFolder(tmp_path)
    found = folder.reopen("0123")
    assert found is not None
    folder.remove_others()
    assert [path.stem for path in tmp_path.glob("*.stacks")] == ["0123"]
    assert found.read() == OF_A_SIGNAL
    found.remove()
    assert folder.reopen("0123") is None
    assert folder.reopen("") is None


def test_a_folder_without_room_has_no_file(tmp_path: Path) -> None:
    """Where none can be made there is none, which stops nobody."""
    assert StacksFolder(tmp_path / "gone").make() is None

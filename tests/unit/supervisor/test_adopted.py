"""Processes that are no children of ours: taken hold of, told from others, brought down, and how they ended."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.adopted import AdoptedProcess, GoneProcess, adopt_process, last_words
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.procfs import start_ticks
from pipertd.supervisor.restart import UNSEEN, Ending
from tests.waiting import wait_until

# Starts a program in a session of its own, says its process id and goes: the program is nobody's child then.
LEAVE = """
import subprocess, sys
quiet = subprocess.DEVNULL
print(subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=quiet, stderr=quiet).pid)
"""
WAIT = "import os, sys; os.read(os.open(sys.argv[1], os.O_RDONLY), 1); sys.exit(7)"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "gate")
    return tmp_path / "gate"


@pytest.fixture
def left(gate: Path) -> Iterator[ProcessRecord]:
    """A process that waits at the gate and then exits with 7; whoever started it is gone."""
    command = [sys.executable, "-c", LEAVE, sys.executable, "-c", WAIT, str(gate)]
    pid = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    started = start_ticks(pid)
    assert started is not None
    yield ProcessRecord(pid=pid, started=started)
    if start_ticks(pid) == started:
        os.kill(pid, signal.SIGKILL)


def dies(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(120_000))


def test_how_it_ended_is_known_where_the_kernel_tells(left: ProcessRecord, gate: Path) -> None:
    """Its exit code, though somebody else reaps it; unseen on a kernel that does not tell."""
    process = adopt_process(left)
    assert isinstance(process, AdoptedProcess)
    assert process.lives
    gate.write_text("go")
    assert dies(process.pidfd)
    assert process.bury() in (Ending(7), UNSEEN)


def test_it_is_killed_with_its_group(left: ProcessRecord) -> None:
    """SIGKILL reaches it, and a kernel that tells says so."""
    process = adopt_process(left)
    process.kill_group()
    assert dies(process.pidfd)
    assert process.bury() in (Ending(-9, 9), UNSEEN)


def test_one_that_is_gone_is_buried_like_any_other(left: ProcessRecord) -> None:
    """Its pidfd is readable at once, signals are for nobody, and nobody saw how it ended."""
    os.kill(left.pid, signal.SIGKILL)
    wait_until(lambda: start_ticks(left.pid) is None, what="its death")
    process = adopt_process(left)
    assert isinstance(process, GoneProcess)
    assert (process.lives, dies(process.pidfd)) == (False, True)
    process.signal(signal.SIGTERM)
    assert process.bury() == UNSEEN


def test_a_later_process_of_the_same_id_is_left_alone(left: ProcessRecord) -> None:
    """It began at another time, so it is not the one on record: it gets no signal, its group neither."""
    process = adopt_process(ProcessRecord(pid=left.pid, started=left.started - 1))
    assert isinstance(process, GoneProcess)
    process.signal(signal.SIGKILL)
    process.kill_group()
    assert process.bury() == UNSEEN
    assert start_ticks(left.pid) == left.started


def fact(activity: Activity, generation: int = 2) -> RoutineFacts:
    return RoutineFacts("source", activity, 0.0, 0.0, generation, 0, 0, 0, 0.0, 0.0, (), "")


@pytest.mark.parametrize(
    ("said", "ending"),
    [
        ([fact(Activity.ENDED), fact(Activity.STOPPED)], Ending(0)),
        ([fact(Activity.ENDED), fact(Activity.FAILED)], Ending(1)),
        ([fact(Activity.ENDED), fact(Activity.WORKING)], UNSEEN),
        ([fact(Activity.STOPPED, generation=1)], UNSEEN),
    ],
)
def test_last_words_stand_in_for_what_nobody_saw(said: list[RoutineFacts], ending: Ending) -> None:
    """Only where every routine of that generation came to them; what was seen is believed before."""
    facts = {str(place): each for place, each in enumerate(said)}
    assert last_words(UNSEEN, facts, 2) == ending
    assert last_words(Ending(-9, 9), facts, 2) == Ending(-9, 9)

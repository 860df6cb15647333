"""What `pipertd serve` works at until it is told to stop: its pipelines loaded, the service manager told."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from pipertd.daemon.proven import Proven
from pipertd.daemon.proving import fall_back, keep_what_works
from pipertd.daemon.summary import in_a_line
from pipertd.daemon.systemd import ServiceManager
from pipertd.definition.check import DEADLINE_S, check_classes
from pipertd.definition.problem import Problem
from pipertd.definition.read import Reading
from pipertd.definition.steady import read_steadily
from pipertd.supervisor.history import History
from pipertd.supervisor.reload import Reloader
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import NoticeKind

logger = logging.getLogger(__name__)


async def load_and_tell(
    folders: tuple[Path, ...], supervisor: Supervisor, proven: Proven, reloader: Reloader, manager: ServiceManager
) -> None:
    """Load what can be loaded, say so, keep on the disk what belongs there, and the status line true."""
    history = supervisor.history
    async with reloader.turn:
        await _load(folders, supervisor, proven, manager)
    supervisor.pipelines.are_loading = False
    manager.ready()
    async with asyncio.TaskGroup() as group:
        group.create_task(history.catch_up())
        group.create_task(keep_what_works(supervisor, proven))
        group.create_task(_tell_status(manager, supervisor, history))


async def _load(folders: tuple[Path, ...], supervisor: Supervisor, proven: Proven, manager: ServiceManager) -> None:
    """Start each pipeline as soon as it is known to be sound; a broken definition stops nobody else's."""
    if not any(folder.is_dir() for folder in folders):
        logger.warning("no pipeline is loaded: there is no folder %s", " nor ".join(map(str, folders)))
    readings, problems = await asyncio.to_thread(read_steadily, folders)
    _tell_problems(problems, supervisor.history)
    files = {each.document.file for each in readings}
    unread = {each.file for each in problems if each.file.parent in folders} - files
    given_up = threading.Event()
    try:
        broken = await _load_sound(readings, supervisor, manager, given_up) | unread
        sound = [each.pipeline for each in readings if each.document.file not in broken]
        supervisor.pipelines.defined = {each.name: each for each in sound}
        supervisor.pipelines.invalid = broken
        without_classes = [each.pipeline for each in readings if each.document.file in broken and not each.problems]
        for file in sorted(broken):
            proof = proven.of_file(file)
            if proof is not None and proof.definition not in without_classes:
                manager.extend_start(DEADLINE_S)
                await fall_back(file, proof, supervisor, given_up.is_set)
    finally:
        given_up.set()


async def _load_sound(
    readings: list[Reading], supervisor: Supervisor, manager: ServiceManager, given_up: threading.Event
) -> set[Path]:
    """Load those that nothing is wrong with; returns the files of the others."""
    known = [each for each in readings if each.pipeline.name in supervisor.definitions]  # adopted, or quickly reloaded
    for each in known:
        supervisor.meet(each.pipeline)
    broken = {each.document.file for each in readings if each.problems}
    abreast = asyncio.Semaphore(os.cpu_count() or 1)

    async def check_and_load(reading: Reading) -> None:
        async with abreast:
            manager.extend_start(len(reading.pipeline.flows) * DEADLINE_S)
            wrong = await asyncio.to_thread(check_classes, reading, given_up=given_up.is_set)
        _tell_problems(wrong, supervisor.history)
        if wrong:
            broken.add(reading.document.file)
        elif not reading.problems:
            await supervisor.load([reading.pipeline])

    async with asyncio.TaskGroup() as group:
        for reading in readings:
            if reading not in known:
                group.create_task(check_and_load(reading))
    return broken


def _tell_problems(problems: Iterable[Problem], history: History) -> None:
    for problem in problems:
        history.record(
            NoticeKind.DEFINITION_INVALID,
            str(problem),
            details={"file": str(problem.file), "line": str(problem.line), "column": str(problem.column)},
        )


async def _tell_status(manager: ServiceManager, supervisor: Supervisor, history: History) -> None:
    """Keep the line that `systemctl status` shows true; at most once a second, because PID 1 reads it."""
    while True:
        snapshot = supervisor.snapshot()
        manager.status(in_a_line(snapshot.pipelines, len(supervisor.pipelines.invalid)))
        await asyncio.sleep(1.0)
        await history.wait_beyond(snapshot.revision)

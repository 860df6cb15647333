"""What `pipertd serve` works at until it is told to stop: its pipelines loaded, the service manager told."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterable
from pathlib import Path

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
    folders: tuple[Path, ...], supervisor: Supervisor, reloader: Reloader, manager: ServiceManager
) -> None:
    """Load what can be loaded, say so, and keep the status line true."""
    history = supervisor.history
    async with reloader.turn:
        await _load(folders, supervisor, history, manager)
    supervisor.pipelines.are_loading = False
    manager.ready()
    await _tell_status(manager, supervisor, history)


async def _load(folders: tuple[Path, ...], supervisor: Supervisor, history: History, manager: ServiceManager) -> None:
    """Start each pipeline as soon as it is known to be sound; a broken definition stops nobody else's."""
    if not any(folder.is_dir() for folder in folders):
        logger.warning("no pipeline is loaded: there is no folder %s", " nor ".join(map(str, folders)))
    readings, problems = await asyncio.to_thread(read_steadily, folders)
    known = [each for each in readings if each.pipeline.name in supervisor.definitions]  # adopted, or quickly reloaded
    for each in known:
        supervisor.meet(each.pipeline)
    readings = [each for each in readings if each not in known]
    _tell_problems(problems, history)
    abreast, given_up = asyncio.Semaphore(os.cpu_count() or 1), threading.Event()

    async def check_and_load(reading: Reading) -> None:
        async with abreast:
            manager.extend_start(len(reading.pipeline.flows) * DEADLINE_S)
            wrong = await asyncio.to_thread(check_classes, reading, given_up=given_up.is_set)
        _tell_problems(wrong, history)
        if not wrong and not reading.problems:
            await supervisor.load([reading.pipeline])

    try:
        async with asyncio.TaskGroup() as group:
            for reading in readings:
                group.create_task(check_and_load(reading))
    finally:
        given_up.set()


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
        manager.status(in_a_line(snapshot.pipelines))
        await asyncio.sleep(1.0)
        await history.wait_beyond(snapshot.revision)

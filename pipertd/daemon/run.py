"""`pipertd run FILE`: one definition in the foreground, with a supervisor of its own and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path

from pipertd.daemon.progress import Progress
from pipertd.daemon.records import daemon_records
from pipertd.daemon.summary import document, is_success, summary
from pipertd.definition.check import check_files
from pipertd.definition.model import Pipeline
from pipertd.errors import SegmentError, SettingsError
from pipertd.harmless import in_a_line
from pipertd.logs.files import FileLogs
from pipertd.logs.handed import HandedOn
from pipertd.logs.record import LogRecord
from pipertd.names import Target
from pipertd.quarantine import Quarantine
from pipertd.supervisor.history import History
from pipertd.supervisor.leftovers import PREFIX, mark, remove_leftovers
from pipertd.supervisor.lock import held_directory
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import PipelineView

DONE, FAILED, INVALID = 0, 1, 5
QUARANTINE_BYTES = 1 << 30
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(file: Path, *, as_json: bool) -> int:
    """Run the definition to its end; returns the exit code."""
    checked = check_files([file])
    for problem in checked.problems:
        print(in_a_line(str(problem)), file=sys.stderr)
    if checked.problems:
        return INVALID
    if not checked.pipelines:
        print(f"cannot run {file}: it defines no pipeline", file=sys.stderr)
        return INVALID
    (pipeline,) = checked.pipelines
    quarantine = Quarantine(Path("pipertd-quarantine").absolute(), QUARANTINE_BYTES)
    remove_leftovers(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        mark(folder)
        logs = FileLogs(folder / "logs")
        with held_directory(folder, "TMPDIR"), daemon_records(logs.daemon_spec, shown=None):
            try:
                view = asyncio.run(_run(pipeline, folder, logs, quarantine))
            except SegmentError as reason:
                print(reason, file=sys.stderr)
                return FAILED
    print(json.dumps(document(view), indent=2) if as_json else summary(view))
    return DONE if is_success(view) else FAILED


async def _run(pipeline: Pipeline, folder: Path, logs: FileLogs, quarantine: Quarantine) -> PipelineView:
    history = History(folder / "notices.jsonl")
    supervisor = Supervisor(runtime_dir=folder, logs=logs, history=history, quarantine=quarantine, orphan_timeout_s=0.0)
    target = Target(pipeline.name)
    interrupted = asyncio.Event()
    try:
        await supervisor.open()
    except OSError as reason:
        raise SettingsError(f"cannot run in {folder} (see TMPDIR): {reason}") from reason
    try:
        _on_signals(interrupted, supervisor)
        begin = logs.end()
        await supervisor.load([replace(pipeline, autostart=False)])
        await supervisor.start(target)
        with Progress(lambda: supervisor.snapshot(target).pipelines[0]) as progress:
            async with HandedOn(logs, begin, lambda record: _show(record, progress)):
                await _first_of(supervisor.wait_ended(pipeline.name), interrupted.wait())
                await supervisor.stop(target)
        return supervisor.snapshot(target).pipelines[0]
    finally:
        await supervisor.close()
        history.close()


def _show(record: LogRecord, progress: Progress) -> None:
    if record.level >= (logging.WARNING if record.is_ours else logging.INFO):
        progress.log(record)


async def _first_of(*waits: Coroutine[None, None, object]) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _on_signals(interrupted: asyncio.Event, supervisor: Supervisor) -> None:
    """The first one stops the pipeline in order, a second one at once."""
    loop = asyncio.get_running_loop()
    hurrying: set[asyncio.Task[None]] = set()

    def stop() -> None:
        if interrupted.is_set():
            hurrying.add(loop.create_task(supervisor.close(now=True)))
        interrupted.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)

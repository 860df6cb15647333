"""`pipertd serve`: the daemon. Lock, then records and sockets, then definitions, then ready; and all of it back."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine

from pipertd import __version__
from pipertd.control.server import ControlServer
from pipertd.daemon.descriptor_store import DescriptorStore, inherited_descriptors, room_for_descriptors
from pipertd.daemon.descriptors import raise_descriptor_limit
from pipertd.daemon.doors import doors
from pipertd.daemon.facts import daemon_facts
from pipertd.daemon.leaving import leave_when_told
from pipertd.daemon.load import load_and_tell
from pipertd.daemon.logs import log_store
from pipertd.daemon.notify import Notifier
from pipertd.daemon.proving import open_proven
from pipertd.daemon.records import daemon_records
from pipertd.daemon.settings import Settings
from pipertd.daemon.systemd import ServiceManager
from pipertd.errors import CertificateError, NotDelegated, SettingsError
from pipertd.logs.store import LogStore
from pipertd.quarantine import Quarantine
from pipertd.supervisor.cgroups import Cgroups
from pipertd.supervisor.custody import Custody
from pipertd.supervisor.delegation import take_delegation
from pipertd.supervisor.history import History
from pipertd.supervisor.lock import held_directory
from pipertd.supervisor.reload import Reloader
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import NoticeKind


def serve(settings: Settings) -> None:
    """Run until a signal says stop; then every flow is down and nothing is left but logs and notices.

    Raises:
        SettingsError: a directory or socket cannot be used.
        DirectoryInUse: another daemon runs there.
    """
    startable = raise_descriptor_limit()
    logs = log_store(settings)
    with (
        held_directory(settings.runtime_dir, "--runtime-dir"),
        held_directory(settings.state_dir, "--state-dir"),
        daemon_records(logs.daemon_spec, shown=logging.INFO),
    ):
        history = History(settings.state_dir / "notices.jsonl")
        try:
            asyncio.run(_serve(settings, logs, history, startable))
        finally:
            history.close()


async def _serve(settings: Settings, logs: LogStore, history: History, startable: int) -> None:
    quarantine = Quarantine(settings.state_dir / "quarantine", settings.quarantine_limit_bytes)
    cgroups, held = _cgroups()
    notifier = Notifier()
    supervisor = Supervisor(
        runtime_dir=settings.runtime_dir,
        logs=logs,
        history=history,
        quarantine=quarantine,
        orphan_timeout_s=settings.orphan_timeout_s,
        cgroups=cgroups,
        custody=_custody(notifier, history, startable),
    )
    reloader = Reloader(settings.definitions, supervisor)
    proven = open_proven(settings.state_dir / "definitions", history)
    control = ControlServer(supervisor, reloader, logs, quarantine, daemon_facts(settings, cgroups))
    manager = ServiceManager()
    stop = _Stop()
    leave_when_told(history, manager)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloader.reload_soon)
    history.record(
        NoticeKind.DAEMON_STARTED,
        f"pipertd {__version__} started",
        details={
            "pid": str(os.getpid()),
            "runtime_dir": str(settings.runtime_dir),
            "cgroups": held,
            "logs": logs.where,
        },
    )
    supervisor.pipelines.are_loading = True  # until load_and_tell has: the sockets are served before
    try:
        await supervisor.open()
        await control.open(doors(settings))
    except (OSError, CertificateError) as reason:
        if not supervisor.definitions:  # else flows were adopted, which the next daemon may be luckier with
            await supervisor.close()
        raise SettingsError(f"cannot serve in {settings.runtime_dir}: {reason}") from reason
    serving = asyncio.create_task(load_and_tell(settings.definitions, supervisor, proven, reloader, manager))
    try:
        await _first_of(serving, stop.told.wait())
        reloader.give_up()
        manager.stopping()
        history.record(NoticeKind.DAEMON_STOPPING, f"pipertd is stopping: {stop.reason or 'it failed'}")
        await _close(supervisor, stop.hurried)
    finally:
        await supervisor.close(now=True)
        await reloader.close()
        await control.stop()
        manager.close()
        notifier.close()
    if serving.done() and not serving.cancelled():
        serving.result()


def _cgroups() -> tuple[Cgroups, str]:
    """What holds flows, and where, or why there is nothing."""
    try:
        delegation = take_delegation()
    except NotDelegated as reason:
        return Cgroups(why_not=str(reason)), f"none: {reason}"
    return Cgroups(
        delegation
    ), f"{delegation.flows} with {', '.join(sorted(delegation.controllers)) or 'no'} controllers"


def _custody(notifier: Notifier, history: History, startable: int) -> Custody:
    """What keeps the memory of runs: the service manager, if there is one."""
    inherited = inherited_descriptors(os.environ)
    if not notifier.is_heard:
        for _, fd in inherited:
            os.close(fd)
        return Custody()
    return DescriptorStore(notifier, history, inherited, room_for_descriptors(notifier, startable))


async def _first_of(working: asyncio.Task[None], stop: Coroutine[None, None, object]) -> None:
    """Return when the stop comes, or when the work fails; the work is over then."""
    waiting = asyncio.create_task(stop)
    await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    for task in (working, waiting):
        task.cancel()
    await asyncio.wait((working, waiting))


async def _close(supervisor: Supervisor, hurried: asyncio.Event) -> None:
    """Stop in order; at a second signal at once."""
    closing = asyncio.create_task(supervisor.close())
    hurrying = asyncio.create_task(hurried.wait())
    await asyncio.wait((closing, hurrying), return_when=asyncio.FIRST_COMPLETED)
    if not closing.done():
        await supervisor.close(now=True)
    hurrying.cancel()
    await closing


class _Stop:
    """The signals that end the daemon: the first one in order, a second one at once."""

    def __init__(self) -> None:
        self.told, self.hurried = asyncio.Event(), asyncio.Event()
        self.reason = ""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._hear, number.name)

    def _hear(self, name: str) -> None:
        if self.told.is_set():
            self.hurried.set()
        self.reason = self.reason or name
        self.told.set()

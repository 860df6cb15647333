"""The supervisor of a pipe, on an asyncio loop of its own, on a thread of the script's."""

from __future__ import annotations

import asyncio
import logging
import socket
import tempfile
import threading
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipertd.definition.model import Pipeline
from pipertd.embedded.event_names import KILL_EVENT_NAME, START_EVENT_NAME
from pipertd.embedded.fork import OUR_THREAD
from pipertd.embedded.order import Order
from pipertd.embedded.orders import Orders
from pipertd.embedded.records import hand_on, notices_logger
from pipertd.embedded.zygote import ScriptZygote
from pipertd.errors import PipertdError, SettingsError, WrongState
from pipertd.logs.files import FileLogs
from pipertd.logs.handed import HandedOn
from pipertd.names import Target
from pipertd.quarantine import Quarantine
from pipertd.supervisor.history import History
from pipertd.supervisor.leftovers import PREFIX, mark, remove_leftovers
from pipertd.supervisor.lock import held_directory
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import PipelineView, State
from pipertd.supervisor.zygote import ZygoteLauncher

_QUARANTINE_BYTES = 1 << 30


@dataclass(frozen=True)
class Scene:
    """What runs in the script, as a service sees it that lets others in."""

    supervisor: Supervisor
    logs: FileLogs
    quarantine: Quarantine
    folder: Path


class Service(Protocol):
    """Lets others in, until it is stopped."""

    async def stop(self) -> None:
        """Let nobody in any more, and leave nothing."""


class Supervision:
    """Runs one pipeline from :meth:`begin` until :meth:`end`; then nothing of it is left, nor of its zygote."""

    def __init__(
        self, zygote: int, line: socket.socket, logger: logging.Logger, handled_events: Collection[str]
    ) -> None:
        """``zygote`` is a pidfd of what flows are forked from, ``line`` leads to it; both are ours from now on."""
        self._handled_events = handled_events
        self._zygote = ScriptZygote(line, zygote)
        self._logger = logger
        self._thread: threading.Thread | None = None
        self._up: Future[None] = Future()
        self._gone = threading.Event()
        self._is_over = False
        self.is_told_to_end = False
        self._services: list[Service] = []
        self._put_aside = Path("pipertd-quarantine").absolute()

    def begin(self, definition: Pipeline) -> None:
        """Return when every flow is up and its routines wait to be started.

        Raises:
            PipertdError: a flow does not come up, or there is no room for the pipeline.
        """
        self._definition, self._target = definition, Target(definition.name)
        self._thread = threading.Thread(target=self._run, name=f"{OUR_THREAD}supervisor", daemon=True)
        self._thread.start()
        self._up.result()

    def take(self, order: Order) -> None:
        """Have an event carried out, behind those that came before; where all is over, say so."""
        if order.event in (START_EVENT_NAME, KILL_EVENT_NAME):
            self.is_told_to_end = order.event == KILL_EVENT_NAME and not order.targets and order.routine is None
        if self._is_over:
            self._logger.warning("event %s: the pipe is over", order.event)
        else:
            self._loop.call_soon_threadsafe(self._orders.take, order)

    def attend(self, open_service: Callable[[Scene], Awaitable[Service]]) -> Scene:
        """Have a service opened, on the supervisor's loop, which is stopped when all is over; returns what it is of.

        Raises:
            WrongState: all is over already, or what ``open_service`` raises.
        """
        if self._is_over:
            raise WrongState("serve", self._definition.name, "over")
        asyncio.run_coroutine_threadsafe(self._attend(open_service), self._loop).result()
        return self._scene

    @property
    def is_served(self) -> bool:
        """Whether others are let in."""
        return bool(self._services)

    @property
    def is_at_rest(self) -> bool:
        """Whether no flow is up or about to be, or all is over."""
        return self._is_over or asyncio.run_coroutine_threadsafe(self._look(), self._loop).result()

    def wait_over(self) -> None:
        """Return when every flow is at rest, and none for a moment only, as while it is restarted.

        Raises:
            PipertdError: the supervisor failed; its thread has shown of what.
        """
        if self._is_over:
            return
        try:
            asyncio.run_coroutine_threadsafe(self._over(), self._loop).result()
        except (CancelledError, RuntimeError) as reason:  # its loop ends meanwhile, or has ended
            if not self._is_over:
                raise PipertdError(
                    "cannot wait for the pipe's end: its supervisor failed, as is said above"
                ) from reason

    def end(self) -> None:
        """Stop what is up, in order, and return when nothing is left; idempotent."""
        if self._is_over:
            return
        self._is_over = True
        try:
            if self._thread is not None:
                if self._up.exception() is None:
                    with suppress(RuntimeError):  # it failed, and its loop is closed
                        self._loop.call_soon_threadsafe(self._unwanted.set)
                self._wait_gone()
                self._thread.join()
        finally:
            self._zygote.end()

    def _wait_gone(self) -> None:
        """Return when the thread has left nothing; what a second Ctrl-C raises meanwhile is raised behind that.

        Not by Thread.join: in Python 3.11, a thread whose join is interrupted passes for one that has ended.
        """
        interrupt: BaseException | None = None
        while not self._gone.is_set():
            try:
                self._gone.wait()
            except (KeyboardInterrupt, SystemExit) as reason:
                self._logger.warning("the pipe's flows are ending; one that takes too long is killed")
                interrupt = reason
        if interrupt is not None:
            raise interrupt

    # -- on the thread

    def _run(self) -> None:
        try:
            with ExitStack() as stack:
                remove_leftovers(Path(tempfile.gettempdir()))
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX)))
                mark(folder)
                stack.enter_context(held_directory(folder, "TMPDIR"))
                asyncio.run(self._supervise(folder))
        except BaseException as reason:
            if self._up.done():
                raise
            self._up.set_exception(reason)
        finally:
            self._gone.set()

    async def _supervise(self, folder: Path) -> None:
        self._loop, self._unwanted = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix=f"{OUR_THREAD}work"))
        logs = FileLogs(folder / "logs")
        history = History(folder / "notices.jsonl", logger=notices_logger(self._logger))
        quarantine = Quarantine(self._put_aside, _QUARANTINE_BYTES)
        supervisor = self._supervisor = Supervisor(
            runtime_dir=folder,
            logs=logs,
            history=history,
            quarantine=quarantine,
            orphan_timeout_s=0.0,
            launcher=ZygoteLauncher(self._zygote, on_demand=True),
        )
        self._scene = Scene(supervisor, logs, quarantine, folder)
        self._orders = Orders(supervisor, self._definition.name, self._logger, self._handled_events)
        try:
            try:
                await supervisor.open()
            except OSError as reason:
                raise SettingsError(f"cannot run in {folder} (see TMPDIR): {reason}") from reason
            async with HandedOn(logs, logs.end(), lambda record: hand_on(record, self._logger)):
                await self._live(supervisor, self._orders)
        finally:
            await supervisor.close()
            for service in reversed(self._services):
                await service.stop()
            history.close()

    async def _attend(self, open_service: Callable[[Scene], Awaitable[Service]]) -> None:
        self._services.append(await open_service(self._scene))

    async def _live(self, supervisor: Supervisor, orders: Orders) -> None:
        await supervisor.load([self._definition])
        await supervisor.start(self._target)
        await supervisor.changes.until(self._is_decided)
        view = self._view()
        if view.state is not State.RUNNING:
            raise PipertdError(f"cannot build the pipe: {_reasons(view)}")
        carrying_out = asyncio.create_task(orders.run())
        unwanted = asyncio.create_task(self._unwanted.wait())
        self._up.set_result(None)
        try:
            await asyncio.wait({carrying_out, unwanted}, return_when=asyncio.FIRST_COMPLETED)
            if carrying_out.done():
                carrying_out.result()  # a fault, which must not leave the script waiting for what is not carried out
        finally:
            carrying_out.cancel()
            unwanted.cancel()
            await supervisor.stop(self._target)

    async def _over(self) -> None:
        await self._supervisor.changes.until(self._rests)

    async def _look(self) -> bool:
        return self._rests()

    def _rests(self) -> bool:
        pipeline = self._supervisor.pipelines.named(self._definition.name)
        return pipeline.is_over and not pipeline.is_coming_back

    def _view(self) -> PipelineView:
        return self._supervisor.snapshot(self._target).pipelines[0]

    def _is_decided(self) -> bool:
        states = {flow.state for flow in self._view().flows}
        return states == {State.RUNNING} or any(state.at_rest for state in states)


def _reasons(view: PipelineView) -> str:
    return "; ".join(f"flow {flow.name} is {flow.state}: {flow.reason}" for flow in view.flows if flow.state.at_rest)

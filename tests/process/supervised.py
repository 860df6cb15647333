"""A supervisor with real flows inside a test, and waiting for what becomes of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from pipertd.definition.model import Flow, Link, Pipeline, Restart, Routine, Watchdog
from pipertd.logs.files import FileLogs
from pipertd.logs.record import LogFilter
from pipertd.logs.writer import FileHandler
from pipertd.names import RoutineRef, Target
from pipertd.quarantine import Quarantine
from pipertd.supervisor.cgroups import Cgroups
from pipertd.supervisor.delegation import Delegation
from pipertd.supervisor.history import History
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import FlowView, LinkView, Notice, NoticeKind, PipelineView

HERE = Path(__file__).parent
DEADLINE_S = 120.0
T = TypeVar("T")


class Live:
    """A supervisor that runs, and the pipeline ``p`` in it."""

    def __init__(self, supervisor: Supervisor, logs: FileLogs, quarantine: Quarantine) -> None:
        self.supervisor = supervisor
        self.logs = logs
        self.quarantine = quarantine

    def view(self) -> PipelineView:
        return self.supervisor.snapshot(Target("p")).pipelines[0]

    def flow(self, name: str) -> FlowView:
        return next(flow for flow in self.view().flows if flow.name == name)

    def link(self, place: int = 0) -> LinkView:
        return self.view().links[place]

    def pid(self, flow: str) -> int:
        pid = self.flow(flow).pid
        assert pid is not None
        return pid

    def notices(self, kind: NoticeKind) -> list[Notice]:
        return [notice for notice in self.supervisor.history.since(0) if notice.kind is kind]

    def log(self, target: str = "p") -> str:
        return "\n".join(
            f"{each.message}\n{each.exception}" for each in self.logs.read(LogFilter(Target.parse(target)))
        )

    async def until(self, condition: Callable[[], T], what: str = "") -> T:
        """The first true value of ``condition``; AssertionError naming ``what`` behind a long deadline."""

        async def look() -> T:
            return condition()

        return await self.until_answered(look, what or repr(condition))

    async def until_answered(self, ask: Callable[[], Awaitable[T]], what: str) -> T:
        """The first true answer to ``ask``, which is asked again and again; else as ``until``."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not (value := await ask()):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # words in shared memory wake nobody up
                return value
        except TimeoutError:
            story = [notice.message for notice in self.supervisor.history.since(0)]
            raise AssertionError(f"waited for {what}: {story}\n{self.log()}") from None

    async def until_handled(self, count: int, place: int = 0) -> None:
        await self.until(lambda: self.link(place).delivered >= count, f"{count} delivered")


@asynccontextmanager
async def supervised(folder: Path, *pipelines: Pipeline, cgroups: Cgroups | None = None) -> AsyncIterator[Live]:
    """Load ``pipelines``, and have nothing of them left behind the block."""
    logs = FileLogs(folder / "logs")
    history = History(folder / "notices.jsonl")
    quarantine = Quarantine(folder / "quarantine", 1 << 30)
    supervisor = Supervisor(
        runtime_dir=folder,
        logs=logs,
        history=history,
        quarantine=quarantine,
        orphan_timeout_s=0.0,
        cgroups=cgroups,
    )
    records = FileHandler(logs.daemon_file)
    notices = logging.getLogger("pipertd.notice")
    notices.addHandler(records)
    notices.setLevel(logging.DEBUG)
    await supervisor.open()
    try:
        await supervisor.load(pipelines)
        yield Live(supervisor, logs, quarantine)
    finally:
        await supervisor.close(now=True)
        notices.removeHandler(records)
        records.close()
        history.close()


def flow(
    name: str, class_name: str, *, restart: Restart | None = None, watchdog: Watchdog | None = None, **params: object
) -> Flow:
    """A flow of one routine ``r``, restarted at once unless said otherwise."""
    routine = Routine("r", f"routines:{class_name}", {key: _plain(value) for key, value in params.items()})
    quick = Restart(backoff_first_s=0.01, backoff_most_s=0.01, limit=1000)
    return Flow(name, (routine,), restart or quick, watchdog or Watchdog())


def chain(*flows: Flow, **more: object) -> Pipeline:
    """The pipeline ``p``: each flow sends to the next."""
    links = tuple(Link(RoutineRef(first.name, "r"), RoutineRef(second.name, "r")) for first, second in pairwise(flows))
    return Pipeline("p", flows, links, path=(str(HERE),), shm_limit=16 << 20, **more)  # type: ignore[arg-type]


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def go(
    folder: Path, pipeline: Pipeline, story: Callable[[Live], Awaitable[None]], delegation: Delegation | None = None
) -> None:
    """Tell ``story`` of ``pipeline`` under a supervisor of its own."""

    async def tell() -> None:
        async with supervised(folder, pipeline, cgroups=Cgroups(delegation)) as live:
            await story(live)

    asyncio.run(tell())

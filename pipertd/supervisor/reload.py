"""Reload: all definitions read again and checked, a plan made, and only then anything touched.

One at a time: reads, checks and changes of one reload are not mixed with another's. Where anything is wrong with any
definition, all of it is said and nothing changes.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipertd.definition.check import check_classes
from pipertd.definition.document import Document
from pipertd.definition.model import Pipeline
from pipertd.definition.plan import Action, Plan, described, plan_added, plan_change, plan_removed, with_down
from pipertd.definition.problem import Problem
from pipertd.definition.read import Reading
from pipertd.definition.steady import read_steadily
from pipertd.errors import InvalidDefinition, SegmentError, WrongState
from pipertd.names import Target
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import NoticeKind, State

T = TypeVar("T")
_STAYS_DOWN = (State.STOPPED, State.EXITED)


@dataclass(frozen=True)
class Reload:
    """What a reload did, or would do; where there are problems, nothing."""

    plans: tuple[Plan, ...] = ()
    problems: tuple[Problem, ...] = ()


class Reloader:
    """The definitions of one daemon, read anew whenever somebody asks.

    Attributes:
        turn: held by whoever changes definitions: a reload, and the load at the start.
    """

    def __init__(
        self, folders: Sequence[Path], supervisor: Supervisor, check: Callable[..., list[Problem]] = check_classes
    ) -> None:
        """``check`` says what is wrong with the classes of a definition."""
        self.turn = asyncio.Lock()
        self._folders = folders
        self._supervisor = supervisor
        self._check_classes = check
        self._given_up = threading.Event()
        self._running: set[asyncio.Task[Any]] = set()

    async def reload(self, *, dry_run: bool = False) -> Reload:
        """Read, check, plan, and unless it is a ``dry_run`` do it; goes on if the caller gives up.

        Raises:
            WrongState: the daemon is stopping; nothing is changed, or what was begun is cut short by the stop.
        """
        return await asyncio.shield(self._keep(self._reload(dry_run=dry_run)))

    def reload_soon(self) -> None:
        """Reload, and leave the outcome to the notices."""
        self._keep(self._reload(dry_run=False)).add_done_callback(_hear_refusal)

    async def redefine(self, pipeline: str, change: Callable[[Pipeline], Pipeline], kind: NoticeKind) -> Plan:
        """Have a pipeline be what ``change`` makes of its definition, until that is loaded again.

        It is checked, planned and done as a reload is, recorded as ``kind``, and goes on if the caller gives up.

        Raises:
            UnknownTarget: there is no such pipeline, or what ``change`` raises.
            InvalidDefinition: what comes of it could not be loaded, or there is not enough shared memory for it.
            WrongState: the daemon is stopping.
        """
        return await asyncio.shield(self._keep(self._redefine(pipeline, change, kind)))

    def give_up(self) -> None:
        """Begin no more; what is only checked yet is not done."""
        self._given_up.set()

    async def close(self) -> None:
        """Return when none is on its way; the supervisor is closed."""
        self.give_up()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _keep(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Do it behind the scenes, to its end."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _redefine(self, name: str, change: Callable[[Pipeline], Pipeline], kind: NoticeKind) -> Plan:
        async with self.turn:
            old = self._supervisor.definition(name)
            new = change(old)
            problems = await self._check([Reading(Document(old.file or Path(name)), new, ())])
            self._check_open("change", name)
            plan = self._plan(old, new)
            problems = problems or self._check_room([plan], {name: new})
            if problems:
                raise InvalidDefinition(f"cannot change {name}: {'; '.join(each.text for each in problems)}")
            await self._supervisor.change([plan], {name: new})
            text = f"pipeline {name} is changed until its definition is loaded again: it is {described(plan)}"
            self._supervisor.history.record(kind, text, pipeline=name)
            return plan

    async def _reload(self, *, dry_run: bool) -> Reload:
        async with self.turn:
            self._check_open()
            readings, problems = await asyncio.to_thread(read_steadily, self._folders)
            problems = (*self._missing_folders(), *problems)
            new = {each.pipeline.name: each.pipeline for each in readings}
            wrong = await self._check([each for each in readings if self._is_other(each.pipeline)])
            problems = tuple(sorted((*problems, *wrong)))
            plans = () if problems else self._plans(new)
            if not dry_run:
                self._supervisor.pipelines.invalid = {each.file for each in problems}
            problems = problems or self._check_room(plans, new)
            self._check_open()
            outcome = Reload(problems=problems) if problems else Reload(plans)
            if not dry_run:
                await self._perform(outcome, new)
            return outcome

    def _check_open(self, action: str = "reload", what: str = "definitions") -> None:
        if self._given_up.is_set():
            raise WrongState(action, what, "part of a daemon that is stopping")

    def _missing_folders(self) -> tuple[Problem, ...]:
        """Where all folders are gone, something is wrong with the machine, and not with every pipeline."""
        if any(folder.is_dir() for folder in self._folders):
            return ()
        text = f"cannot reload, because there is no folder {' nor '.join(map(str, self._folders))}"
        return (Problem(self._folders[0], 1, 1, "", text),)

    def _is_other(self, definition: Pipeline) -> bool:
        old = self._supervisor.definitions.get(definition.name)
        return old is None or plan_change(old, definition).action is not Action.UNCHANGED

    async def _check(self, readings: Sequence[Reading]) -> tuple[Problem, ...]:
        """What is wrong with the classes of these definitions; they are imported in child processes."""
        abreast = asyncio.Semaphore(os.cpu_count() or 1)

        async def check(reading: Reading) -> list[Problem]:
            async with abreast:
                return await asyncio.to_thread(self._check_classes, reading, given_up=self._given_up.is_set)

        found = await asyncio.gather(*map(check, readings))
        return tuple(sorted(problem for each in found for problem in each))

    def _plans(self, new: dict[str, Pipeline]) -> tuple[Plan, ...]:
        """A plan for every pipeline that a file defines, or defined."""
        old = {name: one for name, one in self._supervisor.definitions.items() if one.file is not None}
        plans = []
        for name in sorted(old | new):
            if name not in old:
                plans.append(plan_added(new[name]))
            elif name not in new:
                plans.append(plan_removed(old[name]))
            else:
                plans.append(self._plan(old[name], new[name]))
        return tuple(plans)

    def _plan(self, old: Pipeline, new: Pipeline) -> Plan:
        """The plan for one that is there, as it is now."""
        (view,) = self._supervisor.snapshot(Target(old.name)).pipelines
        down = {flow.name for flow in view.flows if flow.state in _STAYS_DOWN}
        return with_down(plan_change(old, new, self._supervisor.fit(new)), down)

    def _check_room(self, plans: Sequence[Plan], new: dict[str, Pipeline]) -> tuple[Problem, ...]:
        """Whether there is enough shared memory for the runs that begin, when those that end are over."""
        up = {view.name for view in self._supervisor.snapshot().pipelines if not view.state.at_rest}
        renewed = {plan.pipeline for plan in plans if plan.begins_run and plan.pipeline in up}
        added = {plan.pipeline for plan in plans if plan.action is Action.ADDED and new[plan.pipeline].autostart}
        removed = {plan.pipeline for plan in plans if plan.action is Action.REMOVED}
        begin = [new[name] for name in sorted(renewed | added)]
        for place, definition in enumerate(begin):
            try:
                self._supervisor.check_room(definition, begin[:place], renewed | removed)
            except SegmentError as reason:
                return (Problem(definition.file or self._folders[0], 1, 1, "shm_limit", str(reason)),)
        return ()

    async def _perform(self, outcome: Reload, new: dict[str, Pipeline]) -> None:
        history = self._supervisor.history
        if outcome.problems:
            first, *others = map(str, outcome.problems)
            more = f" (and {_count(len(others), 'more problem')})" if others else ""
            text = f"definitions are not reloaded, and nothing is changed: {first}{more}"
            details = {"problems": "\n".join(map(str, outcome.problems))}
            history.record(NoticeKind.RELOAD_FAILED, text, details=details)
            return
        await self._supervisor.change(outcome.plans, new)
        self._supervisor.pipelines.defined = new
        done = [plan for plan in outcome.plans if plan.action is not Action.UNCHANGED]
        details = {plan.pipeline: described(plan) for plan in done}
        text = "; ".join(f"{name} is {what}" for name, what in details.items()) or "nothing has changed"
        history.record(NoticeKind.DEFINITIONS_RELOADED, f"definitions are reloaded: {text}", details=details)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _hear_refusal(task: asyncio.Task[Reload]) -> None:
    """A daemon that is stopping reloads nothing, and says nothing of it."""
    if not task.cancelled() and not isinstance(task.exception(), WrongState):
        task.result()

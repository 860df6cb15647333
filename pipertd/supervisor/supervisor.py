"""The supervisor: the single owner of all pipelines, flows and notices of one daemon, on its one loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from pipertd.definition.model import Pipeline
from pipertd.definition.plan import Action, Fit, Plan
from pipertd.errors import SegmentError, WrongState
from pipertd.logs.store import LogStore
from pipertd.names import Target
from pipertd.protocol import QuarantineSpec, Raise
from pipertd.quarantine import Quarantine
from pipertd.supervisor import admission, intervention
from pipertd.supervisor.adoption import Adoption
from pipertd.supervisor.answers import routines_of
from pipertd.supervisor.cgroups import Cgroups
from pipertd.supervisor.custody import Custody
from pipertd.supervisor.hearing import Hearing
from pipertd.supervisor.history import History
from pipertd.supervisor.launcher import ExecLauncher, Launcher
from pipertd.supervisor.manifest import manifest_files
from pipertd.supervisor.pipeline import SupervisedPipeline
from pipertd.supervisor.pipelines import Pipelines
from pipertd.supervisor.pulse import Pulse
from pipertd.supervisor.renewal import renew
from pipertd.supervisor.segments import VisibleLink
from pipertd.supervisor.stacks import StacksFolder
from pipertd.supervisor.surroundings import Surroundings
from pipertd.supervisor.view import EventAnswer, HandlersView, NoticeKind, PipelineView, Snapshot, State

STARTS_A_CORE = 2  # processes on their way at once: while one waits for the disk, another one imports


class Supervisor:
    """Loads definitions, starts and stops them, and shows what they do. A routine stands for its flow.

    Args:
        runtime_dir: where the flows' socket lies, and their stacks; the caller holds its lock.
        logs: where flows write.
        history: where notices are recorded; closed by the caller.
        quarantine: where flows put aside what kept killing them.
        orphan_timeout_s: how long flows work on without this daemon, unless their definition says otherwise.
        cgroups: what holds flows; nothing, if left out.
        custody: what keeps the memory of runs if this daemon and all flows die; nobody, if left out.
        launcher: what starts the flows' processes; each is a Python of its own, if left out.

    Attributes:
        history: what happened.
        pipelines: all of them.
        changes: beats whenever a pipeline comes, goes, or may be in another state.
    """

    def __init__(
        self,
        *,
        runtime_dir: Path,
        logs: LogStore,
        history: History,
        quarantine: Quarantine,
        orphan_timeout_s: float,
        cgroups: Cgroups | None = None,
        custody: Custody | None = None,
        launcher: Launcher | None = None,
    ) -> None:
        self.history = history
        self.pipelines = Pipelines()
        self._hearing = Hearing(runtime_dir / "flows.sock", self.pipelines, history)
        self._events = self._hearing.events
        self._adoption = Adoption(history)
        self.changes = Pulse()
        self._shared = Surroundings(
            runtime_dir=runtime_dir,
            stacks=StacksFolder(runtime_dir),
            logs=logs,
            history=history,
            channel=self._hearing.channel,
            pulse=self.changes,
            quarantine=QuarantineSpec(folder=str(quarantine.folder), limit_bytes=quarantine.limit_bytes),
            orphan_timeout_s=orphan_timeout_s,
            cgroups=cgroups or Cgroups(),
            custody=custody or Custody(),
            launcher=launcher or ExecLauncher(),
            starts=asyncio.Semaphore(STARTS_A_CORE * len(os.sched_getaffinity(0))),
        )
        self._restarting: set[asyncio.Task[None]] = set()
        self._closing = False

    async def open(self) -> None:
        """Begin to listen to flows, those of a daemon that was killed here before among them.

        Raises:
            OSError: the socket cannot be made.
        """
        self._hearing.channel.open()
        for name, path in manifest_files(self._shared.runtime_dir):
            adopted = self._adoption.adopt(name, path, self._made)
            if adopted is not None:
                self.pipelines[name] = adopted
        self._shared.stacks.remove_others()
        going_on = [run for each in self.pipelines.values() if (run := each.runs.present)]
        self._shared.custody.keep_only([run.segments.name for run in going_on])

    async def close(self, *, now: bool = False) -> None:
        """Stop everything, draining within the stop deadlines unless ``now``; may be called again to hurry."""
        self._closing = True
        await asyncio.gather(*(pipeline.close(now=now) for pipeline in self.pipelines.values()))
        await self._shared.strays.close()
        await self._shared.cgroups.close()
        self._shared.stacks.remove_others()  # what could not be removed while the folder was read-only
        self._hearing.channel.close()

    async def load(self, pipelines: Sequence[Pipeline]) -> None:
        """Take definitions over and start those that start by themselves; one at rest is replaced.

        Raises:
            WrongState: one of that name is up; nothing is changed then.
        """
        for definition in pipelines:
            known = self.pipelines.get(definition.name)
            if known is not None and not known.is_over:
                raise WrongState("replace", definition.name, known.state)
        for definition in pipelines:
            self.pipelines[definition.name] = self._made(definition)
            text = f"pipeline {definition.name} is loaded"
            details = {"file": str(definition.file)} if definition.file else {}
            self.history.record(NoticeKind.PIPELINE_LOADED, text, pipeline=definition.name, details=details)
        self.changes.beat()
        for definition in pipelines:
            up = self._adoption.flows_to_begin_anew(definition.name)
            if (definition.autostart or up) and not self._closing:
                self._autostart(definition.name, up)

    def meet(self, definition: Pipeline) -> None:
        """Say of an adopted pipeline what its file says by now: it goes on as it was, until it is reloaded."""
        self._adoption.meet(self.pipelines[definition.name].definition, definition)

    @property
    def definitions(self) -> dict[str, Pipeline]:
        """The definition of each pipeline, as it is now."""
        return {name: pipeline.definition for name, pipeline in self.pipelines.items()}

    @property
    def states(self) -> dict[str, State]:
        """The state of each pipeline now."""
        return {name: pipeline.state for name, pipeline in self.pipelines.items()}

    def fit(self, definition: Pipeline) -> Fit:
        """How a pipeline's new definition fits the segments of its run."""
        return self.pipelines[definition.name].runs.fit(definition)

    def definition(self, pipeline: str) -> Pipeline:
        """The definition of one pipeline, as it is now.

        Raises:
            UnknownTarget: there is no such pipeline.
        """
        return self.pipelines.named(pipeline).definition

    async def change(self, plans: Sequence[Plan], new: Mapping[str, Pipeline]) -> None:
        """Do what plans from :attr:`definitions` to ``new`` say, and return when it is done.

        What goes gives its memory back before what comes is started. A pipeline that cannot be started again, because
        there is no memory left, stays down, which a notice says.
        """
        await asyncio.gather(*(self._change(plan, new) for plan in plans if plan.action is not Action.ADDED))
        await self.load([new[plan.pipeline] for plan in plans if plan.action is Action.ADDED])

    async def _change(self, plan: Plan, new: Mapping[str, Pipeline]) -> None:
        name = plan.pipeline
        pipeline = self.pipelines[name]
        if plan.action is Action.UNCHANGED and pipeline.definition == new[name]:
            return  # no need to wait for whoever has its turn
        async with pipeline.turn:
            if plan.action is Action.REMOVED:
                await pipeline.close()
                del self.pipelines[name]
                self._events.begin_run(name)
                self.history.record(NoticeKind.PIPELINE_REMOVED, f"pipeline {name} is removed", pipeline=name)
                self.changes.beat()
                return
            try:
                await renew(pipeline, new[name])
            except SegmentError as reason:
                self.history.record(NoticeKind.FLOW_FAILED, str(reason), pipeline=name)

    def check_room(self, definition: Pipeline, besides: Sequence[Pipeline], end: Collection[str]) -> None:
        """Whether a run has enough shared memory ``besides`` other new ones, when those of ``end`` are over.

        Raises:
            SegmentError: it has not, with the arithmetic.
        """
        over = [pipeline for name, pipeline in self.pipelines.items() if name in end]
        freed_bytes = sum(pipeline.runs.reserved_bytes for pipeline in over)
        promised_bytes = self.pipelines.promised_bytes - sum(pipeline.runs.promised_bytes for pipeline in over)
        admission.check_room(definition, promised_bytes + sum(each.shm_limit for each in besides), freed_bytes)

    async def start(self, target: Target) -> None:
        """Have a pipeline or one flow up; idempotent. Where it is being restarted or reloaded, behind that.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
            WrongState: it is being stopped.
            SegmentError: there is not enough shared memory.
        """
        async with self.pipelines.turn(target) as (pipeline, flow):
            self._check_open("start", target)
            pipeline.start(flow)

    async def stop(self, target: Target, *, now: bool = False) -> None:
        """Have a pipeline or one flow down, and return when it is; idempotent.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
        """
        pipeline, flow = self.pipelines.find(target)
        await pipeline.stop(flow, now=now)

    async def restart(self, target: Target) -> None:
        """Stop, then start: one flow within its run, a pipeline in a new run; goes on if the caller gives up.

        Where it is being restarted or reloaded, behind that.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
            WrongState: somebody else stops it meanwhile.
            SegmentError: there is not enough shared memory.
        """
        restarting = asyncio.create_task(self._restart(target))
        self._restarting.add(restarting)
        restarting.add_done_callback(self._restarting.discard)
        await asyncio.shield(restarting)

    async def _restart(self, target: Target) -> None:
        async with self.pipelines.turn(target) as (pipeline, flow):
            self._check_open("restart", target)
            await pipeline.restart(flow)

    async def pause(self, target: Target) -> None:
        """Have what is up of the target take nothing behind the message in hand, also when it is restarted; idempotent.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
            WrongState: nothing of it is up.
        """
        async with self.pipelines.turn(target) as (pipeline, flow):
            intervention.pause(pipeline, flow, paused=True)

    async def resume(self, target: Target) -> None:
        """Have what is paused of the target go on; idempotent.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
        """
        async with self.pipelines.turn(target) as (pipeline, flow):
            intervention.pause(pipeline, flow, paused=False)

    async def kill(self, target: Target) -> None:
        """SIGKILL to the processes of the target, and wait for their death; the restart rules say what follows.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
            WrongState: there is no process.
        """
        pipeline, flow = self.pipelines.find(target)
        await intervention.kill(pipeline, flow, self.changes)

    async def notify(
        self, event: str, target: Target, params: Mapping[str, object], timeout_s: float = 5.0
    ) -> tuple[EventAnswer, ...]:
        """Hand an event to every routine of the target and return what each made of it.

        A flow that starts, or is about to start again, gets it as soon as it can.

        Raises:
            UnknownTarget: the target names nothing.
            MessageError: the parameters cannot be carried.
        """
        pipeline = self.pipelines.named(target.pipeline)
        states = {name: flow.state for name, flow in pipeline.flows.items()}
        answers = await self._events.ask(pipeline.definition, event, target, params, timeout_s, states)
        self._tell_event(event, target, f"event {event} went to {target}: {len(answers)} asked")
        return answers

    def tell(self, pipeline: str, event: str, targets: Mapping[str, list[str]], params: Mapping[str, object]) -> None:
        """Hand an event to routines, by flow (none: all of the flow), without waiting for answers.

        Raises:
            UnknownTarget: the target names nothing.
            MessageError: the parameters cannot be carried.
        """
        self._events.tell(self.definition(pipeline), event, targets, params)

    def take_raised(self, take: Callable[[str, str, Raise], None]) -> None:
        """Have events that routines raise handed to ``take``, with pipeline and flow, and to nobody else."""
        self._hearing.on_raised = take

    async def handlers(self, target: Target) -> HandlersView:
        """Which events the routines of the target handle, and which of its flows could not tell.

        Raises:
            UnknownTarget: the target names nothing.
        """
        pipeline = self.pipelines.named(target.pipeline)
        states = {name: flow.state for name, flow in pipeline.flows.items()}
        return await self._hearing.handlers.of(pipeline.definition, target, states)

    def visible(self, pipeline: str, source: str, destination: str) -> tuple[VisibleLink, Callable[[], str]]:
        """A link of a pipeline's present run, to be looked at, and why it is there no more, empty while it is.

        Raises:
            UnknownTarget: there is no such pipeline or link.
            InvalidDefinition: a name is that of several routines.
            WrongState: the pipeline has no run.
            NoTap: the link lies within a flow.
        """
        return self.pipelines.named(pipeline).visible(source, destination)

    def snapshot(self, target: Target | None = None) -> Snapshot:
        """Everything now, or the whole pipeline that the target lies in.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
        """
        chosen = [self.pipelines.named(target.pipeline)] if target else list(self.pipelines.values())
        if target:
            routines_of(chosen[0].definition, target)
        views = tuple(pipeline.view() for pipeline in chosen)
        return Snapshot(self.history.epoch, self.history.revision, views)

    async def wait_ended(self, pipeline: str) -> PipelineView:
        """Return when every flow of it is at rest, or one has FAILED.

        Raises:
            UnknownTarget: there is no such pipeline.
        """
        found = self.pipelines.named(pipeline)
        await self.changes.until(lambda: found.state.at_rest)
        return found.view()

    def _check_open(self, action: str, target: Target) -> None:
        if self._closing:
            raise WrongState(action, target, "part of a daemon that is stopping")

    def _made(self, definition: Pipeline) -> SupervisedPipeline:
        return SupervisedPipeline(
            definition,
            self._shared,
            on_run=self._events.begin_run,
            promised_bytes=lambda: self.pipelines.promised_bytes,
        )

    def _autostart(self, name: str, flows: Sequence[str]) -> None:
        """Start all of it, or these flows where it has them."""
        pipeline = self.pipelines[name]
        try:
            for flow in [flow for flow in flows if flow in pipeline.flows] or (None,):
                pipeline.start(flow)
        except SegmentError as reason:
            self.history.record(NoticeKind.FLOW_FAILED, str(reason), pipeline=name)

    def _tell_event(self, event: str, target: Target, text: str) -> None:
        self.history.record(
            NoticeKind.EVENT_RAISED,
            text,
            pipeline=target.pipeline,
            flow=target.flow or "",
            routine=target.routine or "",
            details={"event": event},
        )

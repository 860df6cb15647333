"""One pipeline under supervision: its flows, and the shared memory of its present run.

A run begins when a flow is started while all are at rest, and ends when all are at rest again; restarts continue it.
What then is left on its links is counted, its last figures are kept for whoever looks, and its memory is given back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext

from pipertd.definition.model import Flow, Pipeline
from pipertd.definition.relink import find_link
from pipertd.errors import ManifestError, NoTap, SegmentError, UnknownTarget, WrongState
from pipertd.names import Target
from pipertd.supervisor.figures import States
from pipertd.supervisor.flow import SupervisedFlow
from pipertd.supervisor.manifest import Manifest
from pipertd.supervisor.recording import Recording
from pipertd.supervisor.runs import Runs
from pipertd.supervisor.segments import VisibleLink
from pipertd.supervisor.stopping import stop_drained, stop_within_run
from pipertd.supervisor.surroundings import Surroundings
from pipertd.supervisor.survivors import find_survivors, give_up
from pipertd.supervisor.view import LinkView, NoticeKind, PipelineView, State, worst

logger = logging.getLogger(__name__)


class SupervisedPipeline:
    """A definition and what runs of it."""

    def __init__(
        self,
        definition: Pipeline,
        shared: Surroundings,
        *,
        on_run: Callable[[str], None],
        promised_bytes: Callable[[], int],
    ) -> None:
        """``on_run`` hears the pipeline's name when a run begins.

        ``promised_bytes`` tells what of the system's shared memory all pipelines of the daemon may still reserve.
        """
        self.definition = definition
        self._on_run = on_run
        self._promised_to_all = promised_bytes
        self._closed = False
        self._shared = shared
        self._recording = Recording(shared.runtime_dir, definition.name, shared.history, self._manifest)
        self.flows = {flow.name: self._supervised(flow) for flow in definition.flows}
        self._to_start: set[str] = set()  # what an operator wants up that is not there yet
        self.runs = Runs(definition, shared.custody)
        self.turn = asyncio.Lock()  # of whoever does several things to it that belong together: restart, reload
        self._stopping: asyncio.Task[None] | None = None
        self._going_on: asyncio.Task[None] | None = None
        self._holds = 0

    def _supervised(self, flow: Flow) -> SupervisedFlow:
        return SupervisedFlow(
            self.definition, flow, self._shared, on_rest=self._on_rest, on_change=self._recording.write
        )

    @property
    def state(self) -> State:
        """The worst of its flows' states: one FAILED flow makes it FAILED, even while others still run."""
        if self._stopping is not None or self._is_ending:
            return State.STOPPING
        return self._worst_state

    @property
    def _worst_state(self) -> State:
        return worst(flow.state for flow in self.flows.values())

    @property
    def is_over(self) -> bool:
        """Whether every flow is at rest, and no run is being ended."""
        return self._is_at_rest and not self._is_ending

    @property
    def is_coming_back(self) -> bool:
        """Whether some of it is about to be started: what is down is so for a moment only."""
        return bool(self._to_start)

    @property
    def _is_at_rest(self) -> bool:
        return all(flow.state.at_rest for flow in self.flows.values())

    @property
    def _is_ending(self) -> bool:
        """Whether the run ends as soon as nobody settles what a flow of it left."""
        return self.runs.present is not None and self._holds == 0 and self._is_at_rest

    def flow(self, name: str) -> SupervisedFlow:
        """The flow of that name.

        Raises:
            UnknownTarget: there is none.
        """
        try:
            return self.flows[name]
        except KeyError:
            raise UnknownTarget(f"{self.definition.name}/{name}", sorted(self.flows)) from None

    def chosen(self, name: str | None) -> list[SupervisedFlow]:
        """The flow of that name, or all of them.

        Raises:
            UnknownTarget: there is none.
        """
        return [self.flow(name)] if name else list(self.flows.values())

    def start(self, name: str | None = None) -> None:
        """Have all flows up, or one; what is up stays as it is.

        Raises:
            UnknownTarget: no flow has that name.
            WrongState: it is being stopped.
            SegmentError: there is not enough shared memory.
        """
        chosen = self.chosen(name)
        self._check_can_start(chosen)
        for flow in chosen:
            if flow.state.at_rest:
                flow.pause(False)
        self._launch(chosen)

    def _check_can_start(self, chosen: Iterable[SupervisedFlow]) -> None:
        if self._closed:
            raise WrongState("start", self.definition.name, "part of a daemon that is stopping")
        if self._stopping is not None:
            raise WrongState("start", self.definition.name, State.STOPPING)
        for flow in chosen:
            flow.check_can_start()

    def start_again(self, also: Collection[str] = ()) -> None:
        """Start what is to be started again, if anything still is, and then ``also`` these.

        Raises:
            SegmentError: there is not enough shared memory; nothing is to be started any more.
        """
        if not self._to_start or self._closed:
            return
        chosen = [flow for name, flow in self.flows.items() if name in self._to_start or name in also]
        try:
            self._launch(chosen)
        finally:
            self._to_start.clear()
            self._shared.pulse.beat()

    def _launch(self, chosen: Collection[SupervisedFlow]) -> None:
        run = self.runs.present
        if run is None:
            run = self.runs.begin(self.definition, self._promised_to_all())
            self._on_run(self.definition.name)
        self._to_start |= {flow.definition.name for flow in chosen}
        with self.held():
            for flow in chosen:
                flow.start(run)
            self._to_start -= {flow.definition.name for flow in chosen}
            self._recording.write()

    def adopt(self, manifest: Manifest) -> None:
        """Go on from where a daemon before this one was; what lives is not disturbed.

        Raises:
            ManifestError: there was a run, and its shared memory is lost.
        """
        survivors = find_survivors(manifest)
        try:
            self.runs.adopt(manifest, survivors.values())
        except (ManifestError, SegmentError) as reason:
            give_up(survivors.values())
            raise ManifestError(str(reason)) from reason
        self._to_start = set(manifest.to_start)
        with self.held():
            for name in self.flows.keys() & manifest.flows.keys():
                self.flows[name].adopt(manifest.flows[name], survivors[name], self.runs.present)
            for flow in self.flows.values():
                flow.go_on()
            self._recording.write()
        if manifest.stopping:
            self._begin_stop(self.flows.values(), whole=True, to_start=manifest.to_start)
        self._going_on = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        """Complete what an operator had asked the daemon before this one; renew the flows that we cannot talk to."""
        async with self.turn:
            try:
                await self._complete()
                for name in [name for name, flow in self.flows.items() if not flow.is_understood]:
                    await self._renew(name)
            except (WrongState, SegmentError) as reason:
                logger.warning("cannot go on with %s as before: %s", self.definition.name, reason)

    async def _complete(self) -> None:
        if self._stopping is not None:
            await self._until_down(list(self.flows.values()))
            self.start_again()
            return
        down = [flow for name, flow in self.flows.items() if name in self._to_start and not flow.is_up]
        self._to_start &= {flow.definition.name for flow in down}
        with self.held():
            await self._shared.pulse.until(lambda: all(flow.state.at_rest for flow in down))
            self.start_again()

    async def _renew(self, name: str) -> None:
        text = f"flow {self.definition.name}/{name} is restarted: it speaks to daemons of another version of pipertd"
        self._shared.history.record(NoticeKind.FLOW_RESTARTING, text, pipeline=self.definition.name, flow=name)
        await self.restart(name)
        await self._shared.pulse.until(lambda: self.flows[name].state is not State.STARTING)

    async def stop(self, name: str | None = None, *, now: bool = False) -> None:
        """Have all flows down, or one, and wait for it.

        All: sources first, a later flow when its links have drained or its stop deadline is over; ``now`` kills. What
        waits for a paused flow does not drain.

        Raises:
            UnknownTarget: no flow has that name.
        """
        chosen = self.chosen(name)
        self._begin_stop(chosen, whole=name is None, now=now)
        await self._until_down(chosen)

    async def until_steady(self) -> None:
        """Return when nobody stops the whole of it."""
        await self._shared.pulse.until(lambda: self._stopping is None and not self._is_ending)

    async def come_down(self) -> None:
        """Have all flows down for a moment, in order, with the links drained; those that are wanted are to be started.

        None is where all of them came to their end meanwhile.
        """
        chosen = list(self.flows.values())
        wanted = {name for name, flow in self.flows.items() if flow.wanted}
        self._begin_stop(chosen, whole=True, to_start=wanted)
        await self._until_down(chosen)
        if all(flow.state is State.EXITED for flow in chosen):
            self._to_start.clear()

    async def bring_down(self, names: Collection[str], to_start: Collection[str]) -> None:
        """Have these flows down for a moment, with no process, and all others up; what is on the links stays there.

        The caller holds the run.
        """
        self._to_start |= set(to_start)
        self._recording.write()
        await stop_within_run(self.definition, self.flows, self._shared.pulse, names)

    def _begin_stop(
        self, chosen: Iterable[SupervisedFlow], *, whole: bool, now: bool = False, to_start: Iterable[str] = ()
    ) -> None:
        self._to_start -= {flow.definition.name for flow in chosen}
        self._to_start |= set(to_start)  # before anything stops: a daemon that is killed now leaves it on record
        if now and self._stopping is not None:
            self._stopping.cancel()
        if now or not whole or self.is_over:  # what is at rest is not wanted any more either
            for flow in chosen:
                flow.stop(now=now)
        elif self._stopping is None:
            self._stopping = asyncio.create_task(self._stop_in_order())
            self._stopping.add_done_callback(self._stopped)
        self._recording.write()

    async def _until_down(self, chosen: Collection[SupervisedFlow]) -> None:
        """Return when these flows are down, or were and somebody has started them again since."""

        def down() -> bool:
            return all(flow.state.at_rest for flow in chosen) or any(flow.wanted for flow in chosen)

        await self._shared.pulse.until(lambda: self._stopping is None and not self._is_ending and down())

    async def close(self, *, now: bool = False) -> None:
        """Have all flows down for good, as far as this daemon goes: nothing is on record any more behind it.

        One that is killed meanwhile leaves on record what was up, and the next one starts it anew.
        """
        self._closed = True
        if self._going_on is not None:
            self._going_on.cancel()
        up = {name for name, flow in self.flows.items() if not flow.state.at_rest}
        chosen = list(self.flows.values())
        self._begin_stop(chosen, whole=True, now=now, to_start=up)
        await self._until_down(chosen)
        self._recording.close()

    async def restart(self, name: str | None = None) -> None:
        """Stop and start again: one flow within the run, or all in a new one. Only for who has the ``turn``.

        Raises:
            UnknownTarget: no flow has that name.
            WrongState: it is stopped meanwhile.
            SegmentError: there is not enough shared memory.
        """
        chosen = self.chosen(name)
        names = {flow.definition.name for flow in chosen}
        try:
            with self.held() if name else nullcontext():
                self._begin_stop(chosen, whole=name is None, to_start=names)
                if name is None:
                    await self._until_down(chosen)
                else:
                    await self._shared.pulse.until(lambda: chosen[0].state.at_rest)
                if not names <= self._to_start:
                    raise WrongState("restart", Target(self.definition.name, name), "stopped meanwhile")
                self._check_can_start(chosen)
                self._launch(chosen)
        finally:
            self._to_start -= names
            self._shared.pulse.beat()

    def take_over(self, definition: Pipeline) -> None:
        """Go by another definition. Where a run is on, its segments fit it, and flows that it changes are down."""
        self._tell_unlinked(self.runs.renew(self.definition, definition))
        self.definition = definition
        known, self.flows = self.flows, {}
        for flow in definition.flows:
            if flow.name in known:
                self.flows[flow.name] = known[flow.name]
                known[flow.name].renew(definition, flow)
            else:
                self.flows[flow.name] = self._supervised(flow)
        self._to_start &= self.flows.keys()
        self._recording.write()
        self._shared.pulse.beat()

    def _tell_unlinked(self, removed: Iterable[LinkView]) -> None:
        """Say what comes to its end with the links that were removed, for status does not show them any more."""
        for link in removed:
            if link.in_flight:
                text = f"{link.in_flight} messages of {link.source} -> {link.destination} are dropped: it was removed"
                details = {"waiting": str(link.waiting), "in_hand": str(link.in_hand)}
                name = self.definition.name
                self._shared.history.record(NoticeKind.MESSAGES_UNLINKED, text, pipeline=name, details=details)

    def visible(self, source: str, destination: str) -> tuple[VisibleLink, Callable[[], str]]:
        """A link of the present run, and why it is there no more, empty while it is.

        Raises:
            UnknownTarget: there is no such link.
            InvalidDefinition: a name is that of several routines.
            WrongState: there is no run.
            NoTap: it lies within a flow.
        """
        link, run = find_link(self.definition, source, destination), self.runs.present
        if link.within_flow:
            raise NoTap(link)
        if run is None:
            raise WrongState("tap", f"{link} of {self.definition.name}", self.state)

        def why_gone() -> str:
            if self.runs.present is not run:
                return f"the run of {self.definition.name} is over"
            is_drawn = any(each.ends == link.ends for each in self.definition.links)
            return "" if is_drawn else f"{link} was taken away"

        return run.segments.visible(link), why_gone

    def view(self) -> PipelineView:
        """Everything about it, as it is now or as it was at the end of its last run."""
        figures = self.runs.figures(self.definition, self._states())
        return PipelineView(
            name=self.definition.name,
            description=self.definition.description,
            state=self.state,
            seconds=self.runs.seconds,
            flows=tuple(flow.view() for flow in self.flows.values()),
            routines=figures.routines,
            links=figures.links,
            end_to_end_p50_s=figures.end_to_end_p50_s,
            end_to_end_p99_s=figures.end_to_end_p99_s,
        )

    def _manifest(self) -> Manifest:
        """What the next daemon has to know, should this one be killed now."""
        return Manifest(
            definition=self.definition,
            began_s=self.runs.began_s,
            segments=self.runs.record(),
            stopping=self._stopping is not None,
            to_start=sorted(self._to_start),
            flows={name: flow.record() for name, flow in self.flows.items()},
        )

    def _states(self) -> States:
        return {name: (flow.state, flow.generation, flow.paused) for name, flow in self.flows.items()}

    async def _stop_in_order(self) -> None:
        await stop_drained(self.definition, self.flows, self._shared.pulse, self.runs.is_drained)
        await self._shared.pulse.until(lambda: self.is_over)

    def _stopped(self, task: asyncio.Task[None]) -> None:
        self._stopping = None
        if not task.cancelled():
            task.result()
        self._shared.pulse.beat()

    def _on_rest(self) -> None:
        """A flow has no successor for now: the run goes on without it, or ends."""
        if self._holds:
            return
        flows = self.flows.values()
        if not self._is_at_rest:
            for flow in flows:
                flow.settle()
            return
        dying = [flow for flow in flows if flow.clear()]
        if not dying:  # else they call again
            self._end_run()

    @contextmanager
    def held(self) -> Iterator[None]:
        """The run does not end inside, even if all flows are at rest for a moment."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._on_rest()

    def _end_run(self) -> None:
        run = self.runs.present
        if run is None:
            return
        self.runs.end(self.definition, self._states())
        for flow in self.flows.values():
            flow.let_go()
        self._recording.write()
        self._shared.custody.let_go(run.segments.name)  # only now: until then a next daemon would look for it
        name = self.definition.name
        states = {flow.definition.name: str(flow.state) for flow in self.flows.values()}
        text = f"pipeline {name} is {self._worst_state} after {self.runs.seconds:.1f} s"
        self._shared.history.record(NoticeKind.PIPELINE_ENDED, text, pipeline=name, details=states)
        self._shared.pulse.beat()

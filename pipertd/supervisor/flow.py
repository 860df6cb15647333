"""One flow under supervision: performs what the lifecycle's table says, and tells the table what happened.

Its state changes in one place, ``_happen``. Everything here runs on the daemon's loop. It reads the last few
kilobytes of a log when a flow died; nothing else here touches a file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipertd.clock import monotonic_s
from pipertd.definition.model import Flow, Pipeline
from pipertd.errors import LaunchFailed, WrongState
from pipertd.protocol import Charge, Hello
from pipertd.supervisor import lifecycle, notices, watch
from pipertd.supervisor.alarm import Alarm
from pipertd.supervisor.death import judge_death
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.gate import Waiting
from pipertd.supervisor.generation import Generation
from pipertd.supervisor.launch import Process
from pipertd.supervisor.lifecycle import Action, Input
from pipertd.supervisor.manifest import FlowRecord
from pipertd.supervisor.notices import Saying
from pipertd.supervisor.restart import Restarts
from pipertd.supervisor.run import Run
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.settling import Settling
from pipertd.supervisor.sight import Sight
from pipertd.supervisor.spawn import Spawner
from pipertd.supervisor.standby import Standby
from pipertd.supervisor.surroundings import Surroundings
from pipertd.supervisor.survivors import Survivors
from pipertd.supervisor.view import FlowView, State
from pipertd.supervisor.warm import WarmStart

_NEVER_STARTED = "was stopped before it was started"
_LOOK_S = {State.STARTING: 0.05, State.STOPPING: 0.1}


class SupervisedFlow:
    """A flow and its present generation, if one lives."""

    def __init__(
        self,
        pipeline: Pipeline,
        flow: Flow,
        shared: Surroundings,
        *,
        on_rest: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        """``on_change`` has the manifest written: what ``record`` tells has changed, and is about to count."""
        self.definition = flow
        self.state = State.STOPPED
        self.generation = 0
        self._reason = ""
        self._failure: Failure | None = None
        self._unmet = ""  # what was said last of limits that it does not have
        self._pipeline = pipeline
        self._shared = shared
        self._on_rest = on_rest
        self._on_change = on_change
        self._restarts = Restarts(flow.restart)
        self._run: Run | None = None
        self._sight = Sight(pipeline, flow)
        self._living: Generation | None = None
        self._charge: Charge | None = None  # what the last one died of, for the next one
        self._warm = WarmStart(shared.logs, on_over=self._warm_over)
        self._spawner = Spawner(pipeline, flow, shared, self._warm)
        self._settling = Settling(
            self._spawner,
            on_change=on_change,
            on_over=self._settling_over,
            on_failure=lambda why: self._tell(notices.settling_failed(why)),
        )
        self._standby = Standby(
            self._spawner,
            on_change=on_change,
            on_over=self._standby_over,
            on_failure=lambda why: self._tell(notices.standby_failed(why)),
        )
        self.wanted = False  # whether it was asked to be up last
        self.paused = False
        self._delay_s = 0.0
        self._since_s = monotonic_s()
        self._alarm = Alarm()  # the end of a backoff, or the next look
        self._launching: asyncio.Task[None] | None = None
        self._killer: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return f"{self._pipeline.name}/{self.definition.name}"

    def check_can_start(self) -> None:
        """Refuse what the lifecycle refuses.

        Raises:
            WrongState: it is being stopped.
        """
        if (self.state, Input.START) in lifecycle.REFUSED:
            raise WrongState("start", self, self.state)

    def start(self, run: Run) -> None:
        """Have it up; nothing changes where it is. Only where ``check_can_start`` agrees."""
        if self.state.at_rest:
            self._reason, self._failure = "", None
            self._restarts.forget()
        self._run = run
        self.wanted = True
        self._happen(Input.START)

    def adopt(self, record: FlowRecord, survivors: Survivors, run: Run | None) -> None:
        """Go on from where a daemon before this one was; no ``run`` where that is over."""
        self.state, self._since_s, self.wanted = record.state, record.since_s, record.wanted
        self._reason, self._failure, self._charge = record.reason, record.failure, record.charge
        self.generation, self._delay_s, self.paused = record.generation, record.delay_s, record.paused
        self._restarts.recall(record.restarts)
        self._run = run
        self._standby.adopt(self._left(survivors.standby))
        self._settling.adopt(self._left(survivors.settling))
        living = self._left(survivors.living, record.living.stacks if record.living else "")
        if record.living is not None and living is not None:
            self._living = Generation.adopt(
                self.generation, self._pipeline, self.definition, self._shared, living, record.living
            )
            if living.process.lives:
                self._tell(notices.adopted(self._living.pid, self.generation))
            asyncio.get_running_loop().add_reader(self._living.pidfd, self._died)

    def _left(self, process: Process | None, stacks: str = "") -> Waiting | None:
        """A process that a daemon before this one left, with the cgroup that it may have."""
        if process is None:
            return None
        left, name = self._spawner.left(process, self.generation, stacks), str(self).replace("/", ".")
        group = self._shared.cgroups.find(process.pid, name, self.definition.resources)
        if group is not None:
            left.held_by(group, self._shared.cgroups.bury)
        return left

    def go_on(self) -> None:
        """Do what the state asks for that a daemon before this one was killed in; all flows are adopted."""
        living = self._living
        match self.state:
            case State.STARTING if living is None:
                self._launch()
                return
            case State.BACKING_OFF:
                self._alarm.set(self._delay_s, lambda: self._happen(Input.BACKOFF_OVER))
                return
            case State.STOPPING | State.KILLING if living is None:  # it was launched just then, and not let in
                self._happen(Input.DIED_AS_ASKED, _NEVER_STARTED)
                return
            case State.STOPPING if living:
                living.ask_to_stop()
            case State.KILLING if living:
                living.go_on_killing()
        if living is not None:
            self._stand_by()
            self._warm_up()
            self._look_again()

    @property
    def is_up(self) -> bool:
        """Whether it runs, or will by itself."""
        return self.wanted and not self.state.at_rest

    @property
    def is_understood(self) -> bool:
        """Whether its process speaks a version of the protocol that this daemon can go on with."""
        return self._living is None or self._living.is_understood

    def stop(self, *, now: bool = False) -> None:
        """Have it down; ``now`` kills it."""
        self.wanted = False
        self._happen(Input.STOP_NOW if now else Input.STOP)

    def pause(self, paused: bool) -> None:
        """Have it take nothing behind the message in hand, or go on; its successors are as it is."""
        if paused is not self.paused:
            self.paused = paused
            self._tell(notices.paused(paused))
            self._on_change()
        if self._living is not None:
            self._living.tell_paused(paused)

    @property
    def has_process(self) -> bool:
        """Whether a process of it runs."""
        return self._living is not None

    def kill(self) -> None:
        """SIGKILL to its process; the restart rule says what follows, as after any other death."""
        assert self._living is not None
        self._living.why_killed = self._living.why_killed or "an operator killed it"
        self._living.kill()

    def renew(self, pipeline: Pipeline, flow: Flow) -> None:
        """Go by another definition: restart rule, watchdogs and standby at once, the rest from the next launch on."""
        self.definition, self._pipeline = flow, pipeline
        self._restarts.rule = flow.restart
        self._spawner.renew(pipeline, flow)
        self._sight.renew(pipeline, flow)
        if self._living is not None:
            self._living.rule = flow.watchdog
        if flow.standby:
            self._stand_by()
        else:
            self._standby.end()
        self._warm_up()

    def settle(self) -> None:
        """Have settled what the last generation left, if it has no successor for now."""
        if self.state.at_rest and self._run is not None:
            self._settling.begin(self.generation, self._run.segments)

    def clear(self) -> bool:
        """Whether a process still settles or stands by; it is killed, and the flow comes to rest once more after it."""
        return any([self._settling.end(), self._standby.end(), self._warm.end()])

    def let_go(self) -> None:
        """Forget a run that ended."""
        self._run = self._charge = None
        self._settling.forget()

    def sent(self, hello: Hello) -> bool:
        """Whether a Hello comes from the present process."""
        return self._living is not None and self._living.sent(hello)

    def heard(self) -> None:
        """The present process dialled, or said something."""
        if self._living is not None:
            self._living.heard()

    def record(self) -> FlowRecord:
        """What the next daemon has to know of it."""
        return FlowRecord(
            state=self.state,
            since_s=self._since_s,
            wanted=self.wanted,
            reason=self._reason,
            failure=self._failure,
            generation=self.generation,
            living=self._living.record() if self._living else None,
            restarts=self._restarts.record(),
            delay_s=self._delay_s,
            charge=self._charge,
            settling=self._settling.record(),
            standby=self._standby.record(),
            paused=self.paused,
        )

    def view(self) -> FlowView:
        """The flow as it is shown; ``seconds`` is the time in this state."""
        return FlowView(
            name=self.definition.name,
            state=self.state,
            pid=self._living.pid if self._living else None,
            generation=self.generation,
            restarts=self._restarts.count,
            seconds=monotonic_s() - self._since_s,
            reason=self._reason,
            failure=self._failure,
            pressure=self._living.pressure() if self._living else None,
            paused=self.paused and not self.state.at_rest,
            usage=self._living.usage() if self._living else None,
        )

    def _happen(self, happened: Input, reason: str = "") -> None:
        """Let one thing happen: the only place where the state changes."""
        step = lifecycle.step(self.state, happened)
        if step is None:
            return
        before, self.state = self.state, step.state
        self._since_s = monotonic_s()
        self._reason = reason or self._reason
        self._tell(notices.state_changed(before, step.state, reason or happened))
        for action in step.actions:
            self._perform(action)
        if self.state.at_rest or not self.wanted:
            self._standby.end()
        if self.state.at_rest:
            self._warm.end()  # and not before: it has to bury what was forked from it
        self._on_change()
        self._shared.pulse.beat()
        if self.state.at_rest:
            self._on_rest()

    def _perform(self, action: Action) -> None:
        living = self._living
        match action:
            case Action.LAUNCH:
                self._launch()
            case Action.ASK_TO_STOP if living:
                living.ask_to_stop()
                self._look_again()
            case Action.DUMP_STACKS_AND_KILL if living:
                self._killer = asyncio.create_task(living.dump_stacks_and_kill())
            case Action.KILL if living:
                living.kill()
            case Action.ARM_BACKOFF:
                self._alarm.set(self._delay_s, lambda: self._happen(Input.BACKOFF_OVER))
            case Action.CANCEL_BACKOFF:
                self._alarm.cancel()

    def _launch(self) -> None:
        assert self._run is not None
        if self._settling.end():
            return  # a ledger has one writer: the launch comes when that one is dead
        self._settling.expect()
        self.generation += 1
        self._launching = asyncio.create_task(self._have_process(self._run.segments))

    async def _have_process(self, segments: PipelineSegments) -> None:
        try:
            waiting = await self._standby.hand_over() or await self._spawner.generation(self.generation, segments)
        except LaunchFailed as reason:
            if self.state is not State.STARTING:
                self._happen(Input.DIED_AS_ASKED, _NEVER_STARTED)
                return
            self._failure = Failure.LAUNCH_FAILED
            if self._restarts.count and reason.may_pass:  # who asked for a start is told that it failed
                self._delay_s = self._restarts.put_off()
                self._tell(notices.launch_put_off(str(reason), self._delay_s))
                self._happen(Input.LAUNCH_PUT_OFF, str(reason))
            else:
                self._tell(notices.launch_failed(str(reason)))
                self._happen(Input.LAUNCH_FAILED, str(reason))
        else:
            self._begin(waiting)

    def _begin(self, waiting: Waiting) -> None:
        """Let a process in that waits at its gate."""
        living = self._living = Generation(self.generation, self._pipeline, self.definition, self._shared, waiting)
        asyncio.get_running_loop().add_reader(living.pidfd, self._died)
        if self.state is not State.STARTING:  # asked to stop meanwhile, and not let in
            living.kill()
            return
        self._on_change()  # it is on record before it is let in
        self._tell(notices.started(living.pid, self.generation))
        self._tell_unmet(living.problems)
        living.begin(self._charge, paused=self.paused)
        self._charge = None
        self._look_again()

    def _tell_unmet(self, problems: list[str]) -> None:
        text = "; ".join(problems)
        if text and text != self._unmet:  # once, not with each generation
            self._tell(notices.limits_unmet(text))
        self._unmet = text

    def _settling_over(self) -> None:
        """The process that settled is dead."""
        self._shared.pulse.beat()
        if self.state is State.STARTING:
            self._launch()
        elif self.state.at_rest:
            self._on_rest()
        else:
            self._happen(Input.DIED_AS_ASKED, _NEVER_STARTED)

    def _stand_by(self) -> None:
        """Have a standby, where the definition wants one."""
        if self.definition.standby and self.state is State.RUNNING and self._run is not None:
            self._standby.begin(self.generation, self._run.segments)

    def _standby_over(self) -> None:
        """A standby that was not needed is dead."""
        self._shared.pulse.beat()
        if self.state.at_rest:
            self._on_rest()
        else:
            self._stand_by()

    def _warm_up(self) -> None:
        """Have something to fork the next generation from, where the definition wants that."""
        if self.state is State.RUNNING:
            self._warm.begin(self._pipeline, self.definition)

    def _warm_over(self) -> None:
        """A zygote that was not needed any more is dead."""
        self._shared.pulse.beat()
        if self.state.at_rest:
            self._on_rest()
        else:
            self._warm_up()

    def _look(self) -> None:
        """Read the status pages: is it ready, does it hang?"""
        living, run = self._living, self._run
        assert living is not None
        assert run is not None
        living.tell_paused(self.paused)
        living.evidence.look()
        meant_s = self._look_s()
        facts = self._sight.facts(run)
        self._sight.note_rates(run, facts)
        for routine, link in self._sight.hoarded(run, facts):
            self._tell(notices.slots_hoarded(routine, link))
        if self.state is State.STARTING and watch.is_ready(facts, self.generation):
            living.ready_s = monotonic_s()
            self._happen(Input.READY)
            self._stand_by()
            self._warm_up()
        expiry = living.find_expiry(facts, meant_s)
        silent_s = living.find_silence(facts) if self.state is State.RUNNING else None
        if expiry is not None:
            reason = living.blame(expiry)
            self._tell(notices.watchdog_expired(expiry, reason))
            self._happen(Input.EXPIRED, reason)
        elif silent_s is not None:
            reason = living.give_up(silent_s)
            self._tell(notices.contact_lost(silent_s, reason))
            self._happen(Input.EXPIRED, reason)
        else:
            self._look_again()

    def _died(self) -> None:
        """The pidfd says dead. Where nobody wanted that, its last lines are wanted before it is buried.

        A flow that has a standby is to go on at once: nothing is asked for then that takes its time.
        """
        dead = self._living
        assert dead is not None
        asyncio.get_running_loop().remove_reader(dead.pidfd)
        self._alarm.cancel()
        if self.wanted and not self._standby.lives and not dead.evidence.is_at_hand:
            self._asking = asyncio.create_task(self._ask_and_bury(dead))
        else:
            self._bury()

    async def _ask_and_bury(self, dead: Generation) -> None:
        try:
            await dead.evidence.ask_for_last_lines()
        finally:
            self._bury()

    def _bury(self) -> None:
        """Reap, judge, and go on from there."""
        dead = self._living
        assert dead is not None
        assert self._run is not None
        self._asking = None
        self._alarm.cancel()
        ending = dead.bury()  # hears what it said last, which is believed of the living one alone
        self._living = None
        if dead.mark is not None:
            self._shared.strays.look_for(dead.mark, lambda strays: self._tell(notices.processes_left(strays)))
        facts = self._sight.facts(self._run)
        death = judge_death(dead, ending, facts, self._restarts, wanted=self.wanted)
        self._charge = death.charge or (None if death.let_in else self._charge)
        self._failure = death.verdict.failure
        self._delay_s = 0.0 if self._standby.lives else death.verdict.delay_s
        self._tell(notices.exited(death))
        if after := notices.aftermath(death, has_standby=self._standby.lives):
            self._tell(after)
        self._happen(death.verdict.happened, death.reason)

    def _look_s(self) -> float:
        rule = self.definition.watchdog
        return _LOOK_S.get(self.state, max(0.05, min(1.0, rule.progress_s / 4, rule.stop_s / 4)))

    def _look_again(self) -> None:
        """All flows are looked at in the same moments, so that many of them wake the daemon as seldom as one."""
        if self._asking is None:  # else it is dead already, and to be buried in a moment
            self._alarm.set_in_step(self._look_s(), self._look)

    def _tell(self, saying: Saying) -> None:
        self._shared.history.record(
            saying.kind,
            f"flow {self} {saying.text}",
            pipeline=self._pipeline.name,
            flow=self.definition.name,
            routine=saying.routine,
            details={"generation": str(self.generation), **saying.details},
        )

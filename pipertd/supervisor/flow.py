"""One flow under supervision: performs what the lifecycle's table says, and tells it what happened.

Its state changes in one place, ``_happen``. Everything here runs on the daemon's loop; the few kilobytes of log that a
notice quotes come from the page cache.
"""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Callable

from pipertd.clock import monotonic_s
from pipertd.definition.model import Flow, Pipeline
from pipertd.errors import LaunchFailed, WrongState
from pipertd.logs.tail import finish_line, last_lines
from pipertd.names import RoutineRef
from pipertd.protocol import Hello, Stop
from pipertd.shm.status import RoutineFacts
from pipertd.supervisor import lifecycle, watch
from pipertd.supervisor.figures import Rates
from pipertd.supervisor.launch import Process
from pipertd.supervisor.lifecycle import Action, Input
from pipertd.supervisor.resources import limit
from pipertd.supervisor.restart import Restarts
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.spawn import Surroundings, spawn_flow
from pipertd.supervisor.stacks import dump_stacks
from pipertd.supervisor.view import FlowView, NoticeKind, State

_LOOK_S = {State.STARTING: 0.05, State.STOPPING: 0.1}
_LATE_S = 1.0  # a look that comes later than this: the daemon itself was held
_HEARTBEAT_S = 1.5  # within this time every honest routine has renewed its heartbeat


class SupervisedFlow:
    """A flow and its present process, if there is one."""

    def __init__(self, pipeline: Pipeline, flow: Flow, shared: Surroundings, on_rest: Callable[[], None]) -> None:
        self.definition = flow
        self.state = State.STOPPED
        self.generation = 0
        self.reason = ""
        self.process: Process | None = None
        self._pipeline = pipeline
        self._shared = shared
        self._on_rest = on_rest
        self._log = shared.logs.flow_file(pipeline.name, flow.name)
        self._restarts = Restarts(flow.restart)
        self._segments: PipelineSegments | None = None
        self._rates = Rates()
        self._wanted = False
        self._nonce = ""
        self._since_s = self._launched_s = self._looked_s = self._trusted_s = monotonic_s()
        self._ready_s: float | None = None
        self._why_killed = ""
        self._delay_s = 0.0
        self._reminded = False
        self._timer: asyncio.TimerHandle | None = None
        self._killer: asyncio.Task[None] | None = None

    def __str__(self) -> str:
        return f"{self._pipeline.name}/{self.definition.name}"

    def check_can_start(self) -> None:
        """Refuse what the lifecycle refuses.

        Raises:
            WrongState: it is being stopped.
        """
        if (self.state, Input.START) in lifecycle.REFUSED:
            raise WrongState("start", self, self.state)

    def start(self, segments: PipelineSegments, rates: Rates) -> None:
        """Have it up; nothing changes where it is. Only where ``check_can_start`` agrees."""
        if self.state.at_rest:
            self.reason = ""
            self._restarts.forget()
        self._segments = segments
        self._rates = rates
        self._wanted = True
        self._happen(Input.START)

    def stop(self, *, now: bool = False) -> None:
        """Have it down; ``now`` kills it."""
        self._wanted = False
        self._happen(Input.STOP_NOW if now else Input.STOP)

    def is_from_here(self, hello: Hello) -> bool:
        """Whether a Hello is that of the present process."""
        process = self.process
        known = process is not None and hello.pid == process.pid and hello.generation == self.generation
        return known and secrets.compare_digest(hello.nonce, self._nonce)

    def facts(self) -> dict[str, RoutineFacts]:
        """Every routine's status page; empty where there is no run."""
        segments = self._segments
        if segments is None:
            return {}
        flow = self.definition
        return {one.name: segments.routine_facts(RoutineRef(flow.name, one.name)) for one in flow.routines}

    def let_go(self) -> None:
        """Forget the segments of a run that ended."""
        self._segments = None

    def view(self) -> FlowView:
        """The flow as it is shown; ``seconds`` is the time in this state."""
        pid = self.process.pid if self.process else None
        seconds = monotonic_s() - self._since_s
        return FlowView(
            self.definition.name, self.state, pid, self.generation, self._restarts.count, seconds, self.reason
        )

    def _happen(self, happened: Input, reason: str = "") -> None:
        """Let one thing happen: the only place where the state changes."""
        step = lifecycle.step(self.state, happened)
        if step is None:
            return
        before, self.state = self.state, step.state
        self._since_s = monotonic_s()
        self.reason = reason or self.reason
        details = {"from": before.value, "to": step.state.value, "generation": str(self.generation)}
        self._tell(NoticeKind.FLOW_STATE_CHANGED, f"is {step.state} (was {before}): {reason or happened}", details)
        for action in step.actions:
            self._perform(action)
        self._shared.pulse.beat()
        if self.state.at_rest:
            self._on_rest()

    def _perform(self, action: Action) -> None:
        match action:
            case Action.LAUNCH:
                self._launch()
            case Action.ASK_TO_STOP:
                self._ask_to_stop()
            case Action.DUMP_STACKS_AND_KILL:
                self._killer = asyncio.create_task(self._dump_and_kill())
            case Action.KILL:
                if self.process is not None:
                    self.process.kill_group()
            case Action.ARM_BACKOFF:
                self._arm(self._delay_s, lambda: self._happen(Input.BACKOFF_OVER))
            case Action.CANCEL_BACKOFF:
                self._disarm()

    def _launch(self) -> None:
        self.generation += 1
        self._nonce = secrets.token_hex(16)
        self._ready_s = None
        self._why_killed = ""
        self._reminded = False
        try:
            assert self._segments is not None
            self.process = spawn_flow(
                self._pipeline, self.definition, self.generation, self._nonce, self._segments, self._shared
            )
        except LaunchFailed as reason:
            self._tell(NoticeKind.FLOW_FAILED, f"failed: {reason}", {"generation": str(self.generation)})
            self._happen(Input.LAUNCH_FAILED, str(reason))
            return
        self._launched_s = self._looked_s = monotonic_s()
        details = {"pid": str(self.process.pid), "generation": str(self.generation)}
        problems = limit(self.process.pid, self.definition.resources)
        if problems:
            details["resources"] = "; ".join(problems)
        self._tell(NoticeKind.FLOW_STARTED, f"was started (generation {self.generation})", details)
        asyncio.get_running_loop().add_reader(self.process.pidfd, self._bury)
        self._arm(_LOOK_S[State.STARTING], self._look)

    def _look(self) -> None:
        """Read the status pages: is it ready, does it hang?"""
        now_s = monotonic_s()
        late = now_s - self._looked_s > self._look_s() + _LATE_S
        if late:
            self._trusted_s = now_s + _HEARTBEAT_S
        self._looked_s = now_s
        facts = self.facts()
        for name, fact in facts.items():
            self._rates.note(RoutineRef(self.definition.name, name), now_s, fact.handled)
        if self.state is State.STARTING and watch.is_ready(facts, self.generation):
            self._ready_s = now_s
            self._happen(Input.READY)
        expiry = self._find_expiry(facts, now_s) if now_s >= self._trusted_s else None
        if expiry is not None:
            self._expire(expiry)
        elif self.state is not State.KILLING:
            self._arm(self._look_s(), self._look)

    def _find_expiry(self, facts: dict[str, RoutineFacts], now_s: float) -> watch.Expiry | None:
        rule = self.definition.watchdog
        if self.state is State.STOPPING:
            if not self._reminded and now_s - self._since_s > rule.stop_s / 2:
                self._reminded = True
                self._signal(signal.SIGTERM)
            return watch.find_stop_expiry(facts, self.generation, rule, asked_s=self._since_s, now_s=now_s)
        return watch.find_expiry(facts, self.generation, rule, launched_s=self._launched_s, now_s=now_s)

    def _expire(self, expiry: watch.Expiry) -> None:
        held = self.process is not None and self.process.is_stopped()
        self._why_killed = f"{expiry}{'; the process is held by SIGSTOP or a debugger' if held else ''}"
        details = {
            "deadline": expiry.deadline.value,
            "allowed_s": f"{expiry.allowed_s:g}",
            "silent_s": f"{expiry.silent_s:.3f}",
            "generation": str(self.generation),
        }
        text = f"is killed: {self._why_killed}; the stacks of its threads are in its log"
        self._tell(NoticeKind.WATCHDOG_EXPIRED, text, details, routine=expiry.routine)
        self._happen(Input.EXPIRED, self._why_killed)

    async def _dump_and_kill(self) -> None:
        process = self.process
        if process is None:
            return
        await dump_stacks(process, self._log, lambda: self.process is process)
        if self.process is process:
            process.kill_group()

    def _ask_to_stop(self) -> None:
        if not self._shared.channel.send(self._pipeline.name, self.definition.name, Stop()):
            self._reminded = True
            self._signal(signal.SIGTERM)
        self._arm(_LOOK_S[State.STOPPING], self._look)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.signal(number)

    def _bury(self) -> None:
        """The pidfd says dead: reap, judge, and go on from there."""
        process, self.process = self.process, None
        assert process is not None
        asyncio.get_running_loop().remove_reader(process.pidfd)
        self._disarm()
        ending = process.bury()
        finish_line(self._log)
        self._shared.channel.forget(self._pipeline.name, self.definition.name)
        now_s = monotonic_s()
        verdict = self._restarts.judge(
            ending,
            wanted=self._wanted,
            ended=watch.has_ended(self.facts(), self.generation),
            ran_s=now_s - self._ready_s if self._ready_s is not None else 0.0,
            now_s=now_s,
        )
        self._delay_s = verdict.delay_s
        reason = f"{verdict.reason} ({self._why_killed})" if self._why_killed else verdict.reason
        details = {"pid": str(process.pid), "generation": str(self.generation), "ending": str(ending)}
        if verdict.happened in (Input.DIED_TO_RETURN, Input.DIED_FOR_GOOD):
            details["log"] = "\n".join(last_lines(self._log))
        self._tell(NoticeKind.FLOW_EXITED, f"{ending} (generation {self.generation})", details)
        if verdict.happened is Input.DIED_TO_RETURN:
            self._tell(NoticeKind.FLOW_RESTARTING, f"is restarted in {verdict.delay_s:g} s: it {reason}")
        elif verdict.happened is Input.DIED_FOR_GOOD:
            self._tell(NoticeKind.FLOW_FAILED, f"failed: it {reason}", {"log": details["log"]})
        self._happen(verdict.happened, reason)

    def _look_s(self) -> float:
        rule = self.definition.watchdog
        return _LOOK_S.get(self.state, min(1.0, rule.progress_s / 4, rule.stop_s / 4))

    def _arm(self, delay_s: float, then: Callable[[], None]) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(delay_s, then)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, kind: NoticeKind, text: str, details: dict[str, str] | None = None, *, routine: str = "") -> None:
        pipeline, flow = self._pipeline.name, self.definition.name
        self._shared.history.record(
            kind, f"flow {self} {text}", pipeline=pipeline, flow=flow, routine=routine, details=details
        )

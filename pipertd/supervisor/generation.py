"""One start of a flow: its process from the spawn to the burial, and how it is spoken to, watched and brought down."""

from __future__ import annotations

import logging
import secrets
import signal
from collections.abc import Mapping

from pipertd.clock import monotonic_s
from pipertd.definition.model import Flow, Pipeline
from pipertd.protocol import (
    ADOPTABLE_VERSIONS,
    PAUSE,
    PROTOCOL_VERSION,
    RESUME,
    Begin,
    Charge,
    Deliver,
    Hello,
    Ping,
    Stop,
)
from pipertd.shm.status import RoutineFacts
from pipertd.supervisor import procfs, watch
from pipertd.supervisor.contact import Contact, Finding
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.gate import Waiting
from pipertd.supervisor.manifest import GenerationRecord
from pipertd.supervisor.restart import Ending
from pipertd.supervisor.strays import Mark
from pipertd.supervisor.surroundings import Surroundings
from pipertd.supervisor.view import NoticeKind, Pressure, Usage

logger = logging.getLogger(__name__)

_LATE_S = 1.0  # a look that comes this much later than meant: the daemon itself was held
_HEARTBEAT_S = 1.5  # within this time every honest routine has renewed its heartbeat


class Generation:
    """A process of a flow. It is made when the process waits at its gate, and useless once it is buried.

    Attributes:
        number: which start of its flow this is, from 1.
        ready_s: when every routine was set up; None before.
        rule: the deadlines of its routines; they may change while it lives.
        why_killed: what a watchdog had against it, in words.
        expiry: the deadline that it missed, unless somebody outside held the process.
        failure: what its death is called, where we know better than by how it ends.
        mark: what it leaves running is known by it; None where a cgroup holds it, and nothing is left.
        cut: whether an operator had it killed.
        evidence: what it leaves that tells of its death.
        problems: which of its resource limits could not be applied, in words.
    """

    def __init__(
        self,
        number: int,
        pipeline: Pipeline,
        flow: Flow,
        shared: Surroundings,
        waiting: Waiting,
    ) -> None:
        self.number = number
        self.ready_s: float | None = None
        self.why_killed = ""
        self.expiry: watch.Expiry | None = None
        self.failure: Failure | None = None
        self.cut = False
        self._told_paused = False
        self._names = (pipeline.name, flow.name)
        self.rule = flow.watchdog
        self._memory_max = flow.resources.memory_max
        self._channel = shared.channel
        self._history = shared.history
        self._nonce = secrets.token_hex(16)
        self._protocol = PROTOCOL_VERSION
        self._waiting = waiting
        self._process = waiting.process
        self.evidence = waiting.evidence
        self.evidence.generation = number
        self._group = waiting.group
        self.mark = None if self._group else Mark(waiting.mark, self._process.pid)
        self.problems = waiting.problems
        self._buried = False
        self._launched_s = self._looked_s = self._trusted_s = monotonic_s()
        self._contact = Contact(self._launched_s)
        self._asked_s: float | None = None
        self._signalled = False

    @classmethod
    def adopt(
        cls,
        number: int,
        pipeline: Pipeline,
        flow: Flow,
        shared: Surroundings,
        waiting: Waiting,
        record: GenerationRecord,
    ) -> Generation:
        """One that a daemon before this one started, dead or alive. It has time to show a sign of life."""
        made = cls(number, pipeline, flow, shared, waiting)
        made._nonce, made._protocol = record.nonce, record.protocol
        made.mark = Mark(record.mark, waiting.process.pid) if record.mark else None
        made._launched_s, made.ready_s, made._asked_s = record.launched_s, record.ready_s, record.asked_s
        made._trusted_s = monotonic_s() + _HEARTBEAT_S
        made.why_killed, made.failure, made.cut = record.why_killed, record.failure, record.cut
        made._told_paused = record.told_paused
        return made

    def begin(self, charge: Charge | None, *, paused: bool) -> None:
        """Let it in; ``charge`` is what its predecessor died of."""
        self._waiting.begin(Begin(generation=self.number, nonce=self._nonce, charge=charge, paused=paused))
        self._told_paused = paused

    def tell_paused(self, paused: bool) -> None:
        """Have it pause or go on, unless it was told so last; where it cannot be told now, say it again later."""
        message = Deliver(request=0, event=PAUSE if paused else RESUME, routines=[], params={})
        if paused is not self._told_paused and self._channel.send(*self._names, message):
            self._told_paused = paused

    def record(self) -> GenerationRecord:
        """What the next daemon has to know of it."""
        return GenerationRecord(
            process=self._process.record(),
            mark=self.mark.text if self.mark else "",
            nonce=self._nonce,
            protocol=self._protocol,
            launched_s=self._launched_s,
            ready_s=self.ready_s,
            asked_s=self._asked_s,
            stacks=self.evidence.file_name,
            why_killed=self.why_killed,
            failure=self.failure,
            cut=self.cut,
            told_paused=self._told_paused,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def pidfd(self) -> int:
        """Becomes readable when the process has died."""
        return self._process.pidfd

    def sent(self, hello: Hello) -> bool:
        """Whether a Hello comes from this process."""
        known = hello.pid == self._process.pid and hello.generation == self.number
        return known and secrets.compare_digest(hello.nonce, self._nonce)

    def ask_to_stop(self) -> None:
        """Stop, by the channel or else by SIGTERM."""
        self._asked_s = monotonic_s()
        if not self._channel.send(*self._names, Stop()):
            self._signal_stop()

    def kill(self) -> None:
        """SIGKILL to the process and its group, as an operator wishes."""
        self.cut = True
        self.go_on_killing()

    def go_on_killing(self) -> None:
        """SIGKILL to the process and its group: a daemon before this one was about to."""
        self._process.kill_group()

    @property
    def is_understood(self) -> bool:
        """Whether it speaks a version of the protocol that this daemon can go on with."""
        return self._protocol in ADOPTABLE_VERSIONS

    @property
    def is_adopted(self) -> bool:
        """Whether a daemon before this one started it."""
        return self._waiting.was_left

    def find_expiry(self, facts: Mapping[str, RoutineFacts], meant_s: float) -> watch.Expiry | None:
        """Which deadline was missed, if one was; this look was meant to come ``meant_s`` after the last one.

        When it comes much later, the daemon was held itself and the routines perhaps with it: they are given time
        for a sign of life before they are judged again. Half-way to the stop deadline SIGTERM says it again.
        """
        now_s = monotonic_s()
        if now_s - self._looked_s > meant_s + _LATE_S:
            self._trusted_s = now_s + _HEARTBEAT_S
        self._looked_s = now_s
        if now_s < self._trusted_s:
            return None
        if self._asked_s is None:
            return watch.find_expiry(facts, self.number, self.rule, launched_s=self._launched_s, now_s=now_s)
        if not self._signalled and now_s - self._asked_s > self.rule.stop_s / 2:
            self._signal_stop()
        return watch.find_stop_expiry(facts, self.number, self.rule, asked_s=self._asked_s, now_s=now_s)

    def find_silence(self, facts: Mapping[str, RoutineFacts]) -> float | None:
        """For how long it has not answered, if that is too long for a flow that lives; half-way it is asked."""
        now_s = monotonic_s()
        lives = any(
            fact.generation == self.number and now_s - fact.heartbeat_s < _HEARTBEAT_S for fact in facts.values()
        )
        connected = self._channel.reaches(*self._names)
        if not connected:
            self._have_socket()
            if self._channel.is_deaf:  # which is not its fault either
                self._contact.heard()
        found = self._contact.look(now_s, self.rule.contact_s, connected=connected, lives=lives)
        if found is Finding.ASK:
            self._channel.send(*self._names, Ping())
        lost = found is Finding.LOST and not self._process.is_stopped()  # held as a whole: the watchdogs' business
        return self._contact.silent_s if lost else None

    def _have_socket(self) -> None:
        """It cannot dial where there is no socket any more, which is not its fault."""
        path = self._channel.path
        try:
            found_lost = self._channel.listen_again()
        except OSError as reason:
            logger.error("cannot listen to flows again: %s: %s", path, reason)
            return
        if found_lost:
            text = f"somebody removed {path}, which is made anew"
            self._history.record(NoticeKind.SOCKET_LOST, text, details={"path": str(path)})

    def heard(self) -> None:
        """It dialled, or said something."""
        self._contact.heard()

    def give_up(self, silent_s: float) -> str:
        """Note that it will be killed because it does not answer; returns it in words."""
        allowed_s = self.rule.contact_s
        self.failure = Failure.LOST_CONTACT
        self.why_killed = f"the flow has not answered for {silent_s:.1f} s, its contact watchdog allows {allowed_s:g} s"
        return self.why_killed

    def blame(self, expiry: watch.Expiry) -> str:
        """Note why it will be killed; returns it in words."""
        held = self._process.is_stopped()
        self.expiry = None if held else expiry
        self.failure = expiry.failure
        self.why_killed = f"{expiry}{'; the process is held by SIGSTOP or a debugger' if held else ''}"
        return self.why_killed

    async def dump_stacks_and_kill(self) -> None:
        """Have the stacks of all threads written, then SIGKILL."""
        try:
            await self.evidence.dump_stacks(self._process, lambda: not self._buried)
        finally:
            if not self._buried:
                self._process.kill_group()

    def bury(self) -> Ending:
        """Reap the dead process and its group, and hear what it said last."""
        self._buried = True
        oom_kills = self._group.oom_kills() if self._group else 0
        ending = self._waiting.bury()
        if oom_kills and ending.signal == signal.SIGKILL and self.failure is None:
            self._note_memory()
        self.evidence.end_log()
        self.evidence.close(self.why_killed)
        self._channel.forget(*self._names)
        return ending

    def pressure(self) -> Pressure | None:
        """What it lacks, where its group tells."""
        return self._group.pressure() if self._group else None

    def usage(self) -> Usage | None:
        """What it uses: all of its group, or else its process alone; None where that is gone."""
        return (self._group.usage() if self._group else None) or procfs.usage(self.pid)

    def _note_memory(self) -> None:
        self.failure = Failure.OUT_OF_MEMORY
        self.why_killed = "the kernel had no memory left for it"
        if self._memory_max is not None:
            self.why_killed += f", its memory_max is {self._memory_max} bytes"

    def _signal_stop(self) -> None:
        self._signalled = True
        self._process.signal(signal.SIGTERM)

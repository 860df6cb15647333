"""One flow's process: its routines, made and started from the specification, and what ends them."""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping
from typing import Any

from pipertd.flow.authored import leave_if_forked
from pipertd.flow.channel import Channel
from pipertd.flow.deadline import end_within
from pipertd.flow.events import MOST_WAITING, Delivery
from pipertd.flow.handlers import handlers_told
from pipertd.flow.handover import Handover
from pipertd.flow.loop import Outcome
from pipertd.flow.member import Maker, Member
from pipertd.flow.orphan import Orphan
from pipertd.flow.own_logger import own_logger
from pipertd.flow.poison import PoisonCabinet
from pipertd.names import Policy
from pipertd.protocol import Answer, AskHandlers, Deliver, FlowSpec, Ping, Pong, Raise, Stop, ToFlow
from pipertd.shm.ledger import Ledger
from pipertd.shm.sleeping import Waker

LOG_TURN_S = 0.02, 0.25  # how often the log is looked at: in a flood of prints, and at rest
LAST_WORDS_S = 5.0  # how long the end waits for the daemon to take what was said to it

logger = own_logger(__name__)


class FlowProcess:
    """All of the flow. Its main thread puts right what was left, then waits: for routines to end, and for signals."""

    def __init__(self, spec: FlowSpec, tend_log: Callable[[], bool], make: Maker) -> None:
        """Make every routine, with ``make``.

        ``tend_log`` starts a new log file where the present one is full, and says if it did.

        Raises:
            LoadError: a class cannot be had. LedgerInUse: another process still runs this flow.
        """
        self.spec = spec
        self.make = make
        self._tend_log = tend_log
        # No SimpleQueue: after a signal whose handler outlasts the timeout, its get waits without an end.
        self.finished: queue.Queue[tuple[str, Outcome]] = queue.Queue()
        self.channel = Channel(spec, self._hear, self._orphaned)
        self.ledgers = {routine.name: Ledger(routine.ledger_fd, writable=True) for routine in spec.routines}
        for ledger in self.ledgers.values():
            ledger.lock()
        self.cabinet = PoisonCabinet(spec, self.channel.send)
        for routine in spec.routines:
            self.cabinet.judge(routine, self.ledgers[routine.name])
        self.handovers = {
            out.link: Handover(Policy(out.policy), out.depth, self._waker(routine.name), self._waker(out.peer))
            for routine in spec.routines
            for out in routine.outputs
            if out.within_flow and not out.unlinked
        }
        self._stopping = False
        self._orphan: Orphan | None = None
        self._over: set[str] = set()
        self._done_giving: set[str] = set()
        self._members = {routine.name: Member(routine, self) for routine in spec.routines}
        for member in self._members.values():
            member.port.meet(each.port for each in self._members.values())
        leave_if_forked()

    def _waker(self, name: str) -> Callable[[], None]:
        """What wakes a routine of this flow, if it sleeps."""
        bell_fd = next(each.bell_fd for each in self.spec.routines if each.name == name)
        return Waker(self.ledgers[name], bell_fd).wake

    def run(self) -> bool:
        """Run to the end of every routine; whether none failed. One that fails takes the others down with it."""
        self.channel.start()
        ports = [member.port for member in self._members.values()]
        kept = [each for port in ports for each in port.recover_output()]
        for member in self._members.values():
            member.loop.recover(kept)
        for member in self._members.values():
            member.thread.start()
        well = True
        for _ in self._members:
            name, outcome = self._next_finished()
            self._over.add(name)
            self._members[name].abandon(self.handovers)
            if self._stopping:
                self._stop_those_at_the_edge()
            if outcome is Outcome.FAILED:
                well = False
                logger.error("routine %s failed: the flow ends", name)
                self.stop()
        self.channel.flush(LAST_WORDS_S)
        return well

    def _next_finished(self) -> tuple[str, Outcome]:
        """Wait for a routine to be over; meanwhile keep what is printed from filling the disk."""
        pause_s = LOG_TURN_S[1]
        while True:
            try:
                return self.finished.get(timeout=pause_s)
            except queue.Empty:
                shortest_s, longest_s = LOG_TURN_S
                pause_s = shortest_s if self._tend_log() else min(2 * pause_s, longest_s)

    def stop(self) -> None:
        """Tell the flow to stop: what came in is handled to its end first. Safe in a signal handler."""
        self._stopping = True
        self._stop_those_at_the_edge()

    def _stop_those_at_the_edge(self) -> None:
        """Stop the routines that get nothing more from within the flow; the others when their producers are over."""
        for member in self._members.values():
            producers = {each.peer for each in member.spec.inputs if each.within_flow and not each.unlinked}
            if producers <= self._over:
                member.stop()
            elif producers <= self._over | self._done_giving:
                member.stop_when_empty()

    def hear_no_more(self, routine: str) -> None:
        """A routine that stops gives nothing more: it waits for its consumers in the flow. On its thread."""
        self._done_giving.add(routine)
        self._stop_those_at_the_edge()

    def raise_event(
        self, routine: str, event: str, targets: Mapping[str, list[str]], params: Mapping[str, Any]
    ) -> None:
        """A routine's ``notify_event``."""
        try:
            self.channel.send(Raise(routine=routine, event=event, targets=dict(targets), params=dict(params)))
        except ValueError as reason:
            raise ValueError(f"cannot notify {event!r}: {reason}") from None

    def _hear(self, message: ToFlow) -> None:
        self._orphan = None
        match message:
            case Stop():
                self.stop()
            case Ping():
                self.channel.send(Pong())
            case AskHandlers():
                for each in self._members.values():
                    self.channel.send(handlers_told(each.routine, each.spec.name))
            case Deliver():
                for name in message.routines or list(self._members):
                    member = self._members.get(name)
                    if member is not None:
                        self._deliver(member, message)

    def _deliver(self, member: Member, message: Deliver) -> None:
        if member.inbox.put(Delivery(message.request, message.event, message.params)):
            return
        name, event = member.spec.name, message.event
        error = f"cannot deliver {event}: {MOST_WAITING} events wait for {name} already"
        logger.warning("%s", error)
        if message.request:
            self.channel.send(Answer(request=message.request, routine=name, error=error))

    def _orphaned(self) -> bool:
        """Whether the flow, which nobody looks after any more, was stopped."""
        if self._orphan is None:
            logger.warning("the daemon was away for %.0f s: stopping, in order", self.spec.orphan_timeout_s)
            self._orphan = Orphan(self.spec, self.ledgers)
        if not self._orphan.may_stop():
            return False
        self.stop()
        # Nobody is there to see a routine that does not end: it says where it is, and the flow goes all the same.
        end_within(self.spec.stop_s)
        return True

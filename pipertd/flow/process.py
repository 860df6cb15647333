"""One flow's process: its routines, made and started from the specification, and what ends them."""

from __future__ import annotations

import faulthandler
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from pipertd.errors import PipertdError
from pipertd.flow.authored import in_words, leave_if_forked, without_our_frames
from pipertd.flow.channel import Channel
from pipertd.flow.credentials import Credentials
from pipertd.flow.events import MOST_WAITING, PAUSE, Delivery, Inbox
from pipertd.flow.handlers import handlers_told
from pipertd.flow.handover import Handover
from pipertd.flow.loader import build, load_class
from pipertd.flow.loop import Outcome, RoutineLoop
from pipertd.flow.messages import reader_of, taken_type
from pipertd.flow.orphan import Orphan
from pipertd.flow.own_logger import own_logger
from pipertd.flow.pacing import Pace
from pipertd.flow.placed import place
from pipertd.flow.poison import PoisonCabinet
from pipertd.flow.port import Port
from pipertd.flow.reactions import Reactions
from pipertd.flow.routine import Host, Routine
from pipertd.flow.synced import synced_of
from pipertd.flow.synced_port import SyncedPort
from pipertd.flow.synchroniser import Synchroniser, onward
from pipertd.flow.transmitted import received_by
from pipertd.names import Policy
from pipertd.protocol import Answer, AskHandlers, Deliver, FlowSpec, Ping, Pong, Raise, RoutineSpec, Stop, ToFlow
from pipertd.shm.bell import ring
from pipertd.shm.ledger import Ledger
from pipertd.shm.sleeping import Waker
from pipertd.shm.status import AT_REST, Activity, StatusWriter, read_status

LOG_TURN_S = 0.02, 0.25  # how often the log is looked at: in a flood of prints, and at rest
LAST_WORDS_S = 5.0  # how long the end waits for the daemon to take what was said to it

ROUTINE_LOGGER = "pipertd.routine."
ROUTINE_THREAD = "routine "  # with a space, which no routine's name has: other threads of ours are none

logger = own_logger(__name__)

Maker = Callable[[FlowSpec, RoutineSpec], Routine]


def made_of_class(flow: FlowSpec, spec: RoutineSpec) -> Routine:
    """An instance of the class that its definition names.

    Raises:
        LoadError: there can be none.
    """
    return build(load_class(spec.class_path, [Path(each) for each in flow.path]), spec.params)


class _Member:
    """A routine of the flow and all that belongs to it."""

    def __init__(self, spec: RoutineSpec, process: FlowProcess) -> None:
        self.spec = spec
        self.ledger = process.ledgers[spec.name]
        before = read_status(self.ledger).activity
        self.done_before = before is Activity.ENDED
        self._rests = process.spec.on_demand and before in AT_REST
        self.status = StatusWriter(self.ledger)
        self.routine = self._made(process.spec, process.make)
        self.inbox = Inbox(partial(ring, spec.bell_fd))
        if process.spec.paused or (process.spec.on_demand and before is Activity.PAUSED):
            self.inbox.put(Delivery(0, PAUSE, {}))  # before the first message
        self.loop = self._loop(process)
        self.thread = threading.Thread(
            target=self._run, args=(process,), name=f"{ROUTINE_THREAD}{spec.name}", daemon=True
        )

    def _made(self, flow: FlowSpec, make: Maker) -> Routine:
        """The routine. Where there can be none the flow ends, and the daemon tells why."""
        try:
            return make(flow, self.spec)
        except (PipertdError, msgspec.MsgspecError) as reason:
            if not self.done_before:
                self.status.begin("", flow.generation)
                self.status.said(str(reason))
                self.status.enter(Activity.FAILED)
            raise

    def _loop(self, process: FlowProcess) -> RoutineLoop:
        spec, routine = self.spec, self.routine
        place(routine, has_inputs=bool(spec.inputs), has_outputs=bool(spec.outputs))
        fps = routine.fps if spec.fps is None else spec.fps
        name = f"{ROUTINE_LOGGER}{spec.name}"
        log = own_logger(name)
        pace = Pace(fps)
        manual, writable = routine.acknowledge == "manual", routine.writable
        reader = received_by(routine._receive, reader_of(taken_type(type(routine))))
        kind = Port if synced_of(type(routine)) is None else SyncedPort
        self.port = port = kind(
            spec,
            self.ledger,
            process.handovers,
            manual=manual,
            writable=writable,
            reader=reader,
            cabinet=process.cabinet,
        )
        if isinstance(port, SyncedPort):
            port.join_inputs_of(routine)
        self.status.joins(isinstance(port, SyncedPort))
        loop = RoutineLoop(
            routine,
            port,
            self.status,
            pace,
            Reactions(
                routine,
                pace,
                self.inbox,
                process.channel.send,
                log,
                on_demand=process.spec.on_demand,
                rests=self._rests,
            ),
            on_error=spec.on_error,
            stop_s=process.spec.stop_s,
            log=log,
            say_no_more=partial(process.hear_no_more, spec.name),
            synchroniser=self._synchroniser(process, pace),
        )
        routine.name, routine.generation, routine.logger, routine.fps = (
            spec.name,
            process.spec.generation,
            logging.getLogger(name),
            fps,
        )
        routine._host = Host(
            read_published=lambda: port.published,
            raise_event=partial(process.raise_event, spec.name),
            declare_waiting=loop.declare_waiting,
            read_message=port.envelope,
            lend=port.loan,
            credentials=Credentials(process.spec.credentials),
            change_fps=pace.change,
        )
        self.status.begin(routine.kind, process.spec.generation, rests=self._rests)
        return loop

    def _synchroniser(self, process: FlowProcess, pace: Pace) -> Synchroniser | None:
        if not self.spec.paced:
            self.status.demands(0)  # an earlier generation may have
            return None
        outputs = onward(self.spec, process.ledgers)
        return Synchroniser(self.ledger, outputs, self.status, pace, is_source=self.routine.kind == "source")

    def _run(self, process: FlowProcess) -> None:
        outcome = Outcome.FAILED
        self.status.lives_on(threading.get_ident())
        try:
            outcome = self.loop.run(self.done_before)
        except BaseException as reason:  # sys.exit() and the like; anything else is a bug of ours
            told = in_words(reason)
            logger.error("%s", told, exc_info=without_our_frames(reason))
            self.status.said(told)
        finally:
            process.finished.put((self.spec.name, outcome))

    def abandon(self, handovers: Mapping[str, Handover]) -> None:
        """It is over: who gives it something within the flow waits for nothing more."""
        for each in self.spec.inputs:
            if each.within_flow and not each.unlinked:
                handovers[each.link].abandon()

    def stop(self) -> None:
        """Stop at the next message."""
        self.loop.stop()
        ring(self.spec.bell_fd)

    def stop_when_empty(self) -> None:
        """Stop when nothing waits for it."""
        self.loop.stop_when_empty()
        ring(self.spec.bell_fd)


class FlowProcess:
    """All of the flow. Its main thread puts right what was left, then waits: for routines to end, and for signals."""

    def __init__(self, spec: FlowSpec, tend_log: Callable[[], bool], make: Maker = made_of_class) -> None:
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
        self._members = {routine.name: _Member(routine, self) for routine in spec.routines}
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

    def _deliver(self, member: _Member, message: Deliver) -> None:
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
        faulthandler.dump_traceback_later(self.spec.stop_s, exit=True)
        return True

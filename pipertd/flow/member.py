"""A routine of a flow, and all that belongs to it: its port, its loop, its thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipertd.errors import PipertdError
from pipertd.flow.authored import in_words, without_our_frames
from pipertd.flow.credentials import Credentials
from pipertd.flow.events import PAUSE, Delivery, Inbox
from pipertd.flow.handover import Handover
from pipertd.flow.loader import build, load_class
from pipertd.flow.loop import Outcome, RoutineLoop
from pipertd.flow.messages import reader_of, taken_type
from pipertd.flow.own_logger import own_logger
from pipertd.flow.pacing import Pace
from pipertd.flow.placed import place
from pipertd.flow.port import Port
from pipertd.flow.reactions import Reactions
from pipertd.flow.routine import Host, Routine
from pipertd.flow.synced import synced_of
from pipertd.flow.synced_port import SyncedPort
from pipertd.flow.synchroniser import Synchroniser, onward
from pipertd.flow.transmitted import received_by
from pipertd.protocol import FlowSpec, RoutineSpec
from pipertd.shm.bell import ring
from pipertd.shm.status import AT_REST, Activity, StatusWriter, read_status

if TYPE_CHECKING:
    from pipertd.flow.process import FlowProcess

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


class Member:
    """One routine, made and ready to run on its thread."""

    def __init__(self, spec: RoutineSpec, flow: FlowProcess) -> None:
        """LoadError where there can be no such routine; its status page says so then."""
        self.spec = spec
        self.ledger = flow.ledgers[spec.name]
        before = read_status(self.ledger).activity
        self.done_before = before is Activity.ENDED
        self._rests = flow.spec.on_demand and before in AT_REST
        self.status = StatusWriter(self.ledger)
        self.routine = self._made(flow)
        place(self.routine, has_inputs=bool(spec.inputs), has_outputs=bool(spec.outputs))
        self.inbox = Inbox(partial(ring, spec.bell_fd))
        if flow.spec.paused or (flow.spec.on_demand and before is Activity.PAUSED):
            self.inbox.put(Delivery(0, PAUSE, {}))  # before the first message
        self.port = self._port(flow)
        pace = Pace(self.routine.fps if spec.fps is None else spec.fps)
        self.loop = self._loop(flow, pace)
        self._introduce(flow, pace)
        self.status.begin(self.routine.kind, flow.spec.generation, rests=self._rests)
        self.thread = threading.Thread(target=self._run, args=(flow,), name=f"{ROUTINE_THREAD}{spec.name}", daemon=True)

    def _made(self, flow: FlowProcess) -> Routine:
        """The routine. Where there can be none the flow ends, and the daemon tells why."""
        try:
            return flow.make(flow.spec, self.spec)
        except (PipertdError, msgspec.MsgspecError) as reason:
            if not self.done_before:
                self.status.begin("", flow.spec.generation)
                self.status.said(str(reason))
                self.status.enter(Activity.FAILED)
            raise

    def _port(self, flow: FlowProcess) -> Port:
        routine, cls = self.routine, type(self.routine)
        joins, manual = synced_of(cls) is not None, routine.acknowledge == "manual"
        self.status.joins(joins)
        if joins:
            attach: Callable[..., Port] = partial(SyncedPort, routine)
        else:
            attach = partial(Port, reader=received_by(routine._receive, reader_of(taken_type(cls))))
        return attach(
            self.spec, self.ledger, flow.handovers, manual=manual, writable=routine.writable, cabinet=flow.cabinet
        )

    def _loop(self, flow: FlowProcess, pace: Pace) -> RoutineLoop:
        log = own_logger(f"{ROUTINE_LOGGER}{self.spec.name}")
        reactions = Reactions(
            self.routine,
            pace,
            self.inbox,
            flow.channel.send,
            log,
            on_demand=flow.spec.on_demand,
            rests=self._rests,
        )
        return RoutineLoop(
            self.routine,
            self.port,
            self.status,
            pace,
            reactions,
            on_error=self.spec.on_error,
            stop_s=flow.spec.stop_s,
            log=log,
            say_no_more=partial(flow.hear_no_more, self.spec.name),
            synchroniser=self._synchroniser(flow, pace),
        )

    def _synchroniser(self, flow: FlowProcess, pace: Pace) -> Synchroniser | None:
        if not self.spec.paced:
            self.status.demands(0)  # an earlier generation may have
            return None
        outputs = onward(self.spec, flow.ledgers)
        return Synchroniser(self.ledger, outputs, self.status, pace, is_source=self.routine.kind == "source")

    def _introduce(self, flow: FlowProcess, pace: Pace) -> None:
        """Have the author's object know who it is, and where."""
        routine, port = self.routine, self.port
        routine.name, routine.flow_name = self.spec.name, flow.spec.flow
        routine.generation, routine.fps = flow.spec.generation, pace.fps
        routine.logger = logging.getLogger(f"{ROUTINE_LOGGER}{self.spec.name}")
        routine._host = Host(
            read_published=lambda: port.published,
            raise_event=partial(flow.raise_event, self.spec.name),
            declare_waiting=self.loop.declare_waiting,
            read_message=port.envelope,
            lend=port.loan,
            credentials=Credentials(flow.spec.credentials),
            change_fps=pace.change,
        )

    def _run(self, flow: FlowProcess) -> None:
        outcome = Outcome.FAILED
        self.status.lives_on(threading.get_ident())
        try:
            outcome = self.loop.run(self.done_before)
        except BaseException as reason:  # sys.exit() and the like; anything else is a bug of ours
            told = in_words(reason)
            logger.error("%s", told, exc_info=without_our_frames(reason))
            self.status.said(told)
        finally:
            flow.finished.put((self.spec.name, outcome))

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

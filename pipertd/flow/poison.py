"""Poison: a message that killed its routine's process so often that it is put aside instead of being given again.

A successor charges the message that its predecessor died of, and writes down whom that condemns, before it imports any
code of an author's: whatever that code does then, the evidence is safe. The message is counted as quarantined when its
turn comes, so that all before it end before it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pipertd.clock import NS, monotonic_s, wall_s
from pipertd.errors import MessageError
from pipertd.flow.own_logger import own_logger
from pipertd.protocol import FlowSpec, Quarantined, RoutineSpec
from pipertd.quarantine import PutAside, Quarantine
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoded, Encoder
from pipertd.shm.consumer import Consumer
from pipertd.shm.hand import Hands, Taken, charge
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ReadPools
from pipertd.shm.status import read_status

logger = own_logger(__name__)


class PoisonCabinet:
    """Where one flow puts messages aside."""

    def __init__(self, spec: FlowSpec, tell: Callable[[Quarantined], None]) -> None:
        """``tell`` is how the daemon hears of it."""
        self._spec = spec
        self._tell = tell
        self._quarantine = Quarantine(Path(spec.quarantine.folder), spec.quarantine.limit_bytes)

    def judge(self, routine: RoutineSpec, ledger: Ledger) -> None:
        """Charge what the predecessor died of, and write down which of its messages in hand are poison."""
        if self._spec.charge is not None and self._spec.charge.routine == routine.name:
            charge(ledger)
        handled = ledger.commit_word(at.C_HANDLED)
        reader = Consumer(ledger, (), ReadPools(routine.read_pools), routine.bell_fd)
        for taken in Hands(ledger).left():
            if taken.number >= handled and is_poison(routine, taken):
                origin, captured_ns = (reader.envelope_word(taken, word) for word in (at.E_ORIGIN, at.E_CAPTURED_NS))
                message = reader.read(taken, writable=True)
                self._write(routine, taken, origin, captured_ns / NS, message, read_status(ledger).error)

    def put_aside(self, routine: RoutineSpec, taken: Taken, origin: int, captured_s: float, message: Any) -> str:
        """Put the message in hand aside, where that was not done already; returns in words what became of it."""
        problem, name = self._write(routine, taken, origin, captured_s, message), self._name(routine, taken)
        which = f"message {taken.sequence} on {routine.inputs[taken.slot].link}"
        died = f"the flow died of it {taken.deaths} time{'s' if taken.deaths > 1 else ''}"
        if problem is None:
            text = f"{which} was put aside as {name}: {died}; `pipertctl quarantine show {name}` tells more"
        else:
            text = f"{which} is lost, and counted as quarantined: {died}, and it cannot be written: {problem}"
        self._tell(Quarantined(routine=routine.name, id=name, text=text))
        return text

    def _name(self, routine: RoutineSpec, taken: Taken) -> str:
        spec = self._spec
        return f"{spec.run}-{spec.pipeline}-{spec.flow}-{routine.name}-{taken.slot}-{taken.sequence}"

    def _write(
        self, routine: RoutineSpec, taken: Taken, origin: int, captured_s: float, message: Any, said: str = ""
    ) -> OSError | None:
        """Put a message aside; returns why that could not be done, for the flow has to go on whatever a disk says."""
        spec, charged = self._spec, self._spec.charge
        reason, log = (charged.reason, charged.log) if charged and charged.routine == routine.name else (said, "")
        name = self._name(routine, taken)
        encoded = _encoded(message, name)
        about = PutAside(
            id=name,
            pipeline=spec.pipeline,
            flow=spec.flow,
            routine=routine.name,
            link=routine.inputs[taken.slot].link,
            sequence=taken.sequence,
            origin=origin,
            attempts=taken.attempt,
            deaths=taken.deaths,
            captured_s=wall_s() - (monotonic_s() - captured_s),
            time_s=wall_s(),
            reason=reason,
            stacks=log,
            class_path=routine.class_path,
            params=routine.params,
            path=spec.path,
            python=sys.executable,
            body_offset=encoded.body_offset,
            length=encoded.length,
        )
        payload = np.zeros(encoded.length, np.uint8)
        encoded.write(payload)
        try:
            self._quarantine.keep(about, payload.data)
        except OSError as problem:
            logger.error("cannot write message %s: %s", name, problem)
            return problem
        return None


def is_poison(routine: RoutineSpec, taken: Taken) -> bool:
    """Whether a message in hand was charged with as many deaths as its link allows."""
    return taken.deaths >= routine.inputs[taken.slot].max_deliveries


def _encoded(message: Any, name: str) -> Encoded:
    """The message with all that it holds; empty where it only could travel by reference."""
    try:
        return Encoder().encode(message)
    except MessageError as reason:
        logger.error("cannot keep the content of message %s: %s", name, reason)
        return Encoded(b"", 0, ())

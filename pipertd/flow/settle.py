"""Settle what a flow left that has no successor, for now or for good: the recovery of one, and no code of its authors.

Without it the slots that the dead routines had leased would be nobody's until the end of the run. What is in hand or
waits stays as it is, for a later successor. Messages that were passed on can only be returned when who reads them is
done; until then the process stays. It is as safe to kill at any store as a successor that recovers.
"""

from __future__ import annotations

import select
from collections.abc import Iterable, Mapping, Sequence

from pipertd.flow.ends import reader_of, writer_of
from pipertd.protocol import FlowSpec, RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.consumer import Consumer
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ReadPools
from pipertd.shm.producer import Producer
from pipertd.shm.slots import Kept

LOOK_S = 0.1  # how soon a return is seen. A bell would ring for every message that is published to the dead flow, too


class Settler:
    """Settles the words of one routine. It reads no message, so it needs no pool."""

    def __init__(self, spec: RoutineSpec, ledger: Ledger) -> None:
        """``ledger`` is the routine's own, writable; the caller holds its lock."""
        self.number, self._ledger = spec.number, ledger
        outputs = [None if each.within_flow else reader_of(each) for each in spec.outputs]
        self._producer = Producer(ledger, None, outputs)
        self._consumer = Consumer(ledger, [writer_of(each) for each in spec.inputs], ReadPools({}), spec.bell_fd)

    def meet(self, settlers: Mapping[int, Settler]) -> None:
        """Know who settles the other routines of the flow, by number: what one of them took, another passed on."""
        self._producer.slots.let_go_of = lambda kept: settlers[kept.routine].let_go_of(kept)

    def let_go_of(self, kept: Kept) -> None:
        """Nobody reads this message further on any more."""
        self._consumer.let_go_soon(kept.message)

    def put_output_right(self) -> list[Kept]:
        """Complete what was half published; the messages that others read through this routine."""
        # The dead routine may have slept: each message that somebody publishes to it now would ring for nothing.
        self._ledger.words[self._ledger.layout.status + at.S_ASLEEP] = 0
        self._producer.recover()
        return self._producer.slots.kept()

    def put_input_right(self, kept: Iterable[Kept]) -> None:
        """Return all slots that nobody reads any more; ``kept`` is what any routine of the flow has passed on."""
        self._consumer.put_right([each.message for each in kept if each.routine == self.number])

    def pass_returns_on(self) -> bool:
        """Return what readers downstream are done with; whether there is something still to be returned."""
        self._producer.drain()
        self._consumer.flush()
        return bool(self._producer.slots.kept()) or self._consumer.owes


def settle(spec: FlowSpec) -> None:
    """Settle the words of all routines of a flow, for as long as others read through them and the daemon lives.

    Raises:
        LedgerInUse: a process still runs this flow.
    """
    ledgers = [Ledger(routine.ledger_fd, writable=True) for routine in spec.routines]
    for ledger in ledgers:
        ledger.lock()
    settlers = [Settler(routine, ledger) for routine, ledger in zip(spec.routines, ledgers, strict=True)]
    put_right(settlers)
    gate = select.poll()  # it falls shut when the daemon is gone
    if spec.gate_fd >= 0:
        gate.register(spec.gate_fd, select.POLLIN)
    while _pass_returns_on(settlers) and not gate.poll(LOOK_S * 1000):
        pass


def put_right(settlers: Sequence[Settler]) -> None:
    """Complete what was half done in one flow: first all that it published, then what it took."""
    for settler in settlers:
        settler.meet({each.number: each for each in settlers})
    kept = [each for settler in settlers for each in settler.put_output_right()]
    for settler in settlers:
        settler.put_input_right(kept)


def _pass_returns_on(settlers: Sequence[Settler]) -> bool:
    """Whether any of them has something still to be returned; each has its turn."""
    return any(list(map(Settler.pass_returns_on, settlers)))

"""A flow that no daemon looks after any more stops itself, as a daemon would have stopped it.

Sources stop at once; whoever gets messages from other flows stops when those are over and nothing waits on its links.
Each flow sees that for itself, in the words of its producers, so that all of a pipeline ends in order though nobody
is there to say so.
"""

from __future__ import annotations

from pipertd.clock import monotonic_s
from pipertd.protocol import FlowSpec, InputSpec
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.shm.status import read_status


class Orphan:
    """One flow, from the moment on that nobody looks after it."""

    def __init__(self, spec: FlowSpec, ledgers: dict[str, Ledger]) -> None:
        """``ledgers`` are the flow's own, by routine."""
        self._inputs = [
            (ledgers[routine.name], given, Ledger(given.peer_ledger_fd, writable=False))
            for routine in spec.routines
            for given in routine.inputs
            if not given.within_flow
        ]
        in_turn = 1 + max((len(routine.upstream) for routine in spec.routines), default=0)
        self._deadline_s = monotonic_s() + in_turn * spec.stop_s

    def may_stop(self) -> bool:
        """Whether nothing comes any more, or what should have come has taken too long."""
        return monotonic_s() > self._deadline_s or all(_is_drained(*each) for each in self._inputs)


def _is_drained(own: Ledger, given: InputSpec, producer: Ledger) -> bool:
    # Whether the producer is over first: what it published, it had published before.
    if not read_status(producer).activity.over and producer.has_writer():
        return False
    out, taken = producer.layout.outs[given.peer_slot], own.layout.ins[given.slot].base + at.I_TAKEN
    return bool(producer.words[out.base + at.O_HEAD] <= max(own.words[taken], producer.words[out.base + at.O_EVICTED]))

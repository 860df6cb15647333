"""What keeps sources from running ahead of their consumers, without a message to anybody.

Each routine of a pipeline with ``pacing: auto`` looks a few times a second at the ledgers of its consumers, and says in
its own how often it can take a message with all that lies behind it: a hop a look, up to the sources, which keep to it.
Whoever dies leaves his last word there, and his successor goes on from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from pipertd.clock import NS, monotonic_s
from pipertd.flow.demand import Consumer, demand_s, share_of
from pipertd.flow.pacing import Pace
from pipertd.names import Policy
from pipertd.protocol import OutputSpec, RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.shm.status import Activity, StatusWriter

LOOK_S = 0.1  # from look to look, once all demands are known
_LOOKS = 9  # what a demand is worked out of: about the last second
_SILENT_S = 3.0  # whoever idles or is paused says so once a second
_NEEDS_NOTHING = {
    Activity.PAUSED,
    Activity.ENDED,
    Activity.STOPPED,
    Activity.FAILED,
    Activity.RESTING,
    Activity.RESTED,
}


class _Onward:
    """One consumer's words, as its producer reads them; ``own`` is the producer's ledger."""

    def __init__(self, own: Ledger, output: OutputSpec, ledger: Ledger) -> None:
        out, ins = own.layout.outs[output.slot].base, ledger.layout.ins
        self._own, self._theirs = own.words, ledger.words
        self._head, self._evicted = out + at.O_HEAD, out + at.O_EVICTED
        self._taken = ins[output.peer_slot].base + at.I_TAKEN
        self._others = [each.base + at.I_TAKEN for each in ins if each.slot != output.peer_slot]
        self._status = ledger.layout.status
        self._holds = output.policy == Policy.WAIT
        self._took: deque[tuple[float, int]] = deque(maxlen=_LOOKS)  # when, and how many by other links

    def look(self, now_s: float) -> Consumer:
        """How the consumer is now."""
        words, status = self._theirs, self._status
        waiting = max(0, self._own[self._head] - max(words[self._taken], self._own[self._evicted]))
        heard_s = max(words[status + at.S_SINCE_NS], words[status + at.S_HEARTBEAT_NS]) / NS
        silent = bool(waiting) and now_s - heard_s > _SILENT_S
        period_s = words[status + at.S_DEMAND_NS] / NS
        return Consumer(
            period_s=period_s,
            waiting=waiting,
            share=self._share(now_s, period_s),
            holds=self._holds,
            needs=not silent and Activity(words[status + at.S_ACTIVITY]) not in _NEEDS_NOTHING,
        )

    def _share(self, now_s: float, period_s: float) -> float:
        if not self._others or self._theirs[self._status + at.S_JOINS]:
            return 1.0
        self._took.append((now_s, sum(self._theirs[each] for each in self._others)))
        (first_s, first), (last_s, last) = self._took[0], self._took[-1]
        rate = (last - first) / (last_s - first_s) if last_s > first_s else 0.0
        return share_of(period_s, len(self._others) + 1, rate)


class Synchroniser:
    """Of one routine. All of it happens on the routine's own thread.

    It works out how often the routine can take a message: not faster than ``main_logic`` takes for one, nor than its
    consumers can take what it makes of it. A source is held to the latter.
    """

    def __init__(
        self,
        ledger: Ledger,
        outputs: Iterable[tuple[OutputSpec, Ledger]],
        status: StatusWriter,
        pace: Pace,
        *,
        is_source: bool,
        clock: Callable[[], float] = monotonic_s,
    ) -> None:
        """``ledger`` is the routine's own; ``outputs`` are its out-links with the ledgers of their consumers."""
        self._ledger, self._status, self._pace, self._is_source, self._clock = ledger, status, pace, is_source, clock
        self._consumers = [_Onward(ledger, output, theirs) for output, theirs in outputs]
        self._counted = self._counters()
        self._worked: deque[tuple[int, int, int]] = deque(maxlen=_LOOKS)  # calls, ns in them, messages published
        self._looked_s = -LOOK_S
        self._known = False

    @property
    def due(self) -> bool:
        """Whether it is time to look."""
        return not self._known or self._clock() - self._looked_s >= LOOK_S

    def look(self) -> None:
        """Work the demand out and say it; the pace of a source is held to it."""
        self._looked_s = now_s = self._clock()
        before, self._counted = self._counted, self._counters()
        if self._counted[0] != before[0]:
            handled, busy_ns, published = (now - then for now, then in zip(self._counted, before, strict=True))
            self._worked.append((handled, busy_ns, published))
        consumers = [each.look(now_s) for each in self._consumers]
        behind_s = demand_s(consumers, self._passed_on)
        self._known = all(each.period_s for each in consumers) and bool(self._worked)
        if self._is_source:
            self._pace.follow(behind_s)
            self._status.demands(round(behind_s * NS))
        elif self._worked:
            self._status.demands(max(1, round(max(self._own_s, behind_s, self._pace.fps_period_s) * NS)))

    def _counters(self) -> tuple[int, int, int]:
        words, status = self._ledger.words, self._ledger.layout.status
        return words[status + at.S_HANDLED], words[status + at.S_BUSY_NS], self._ledger.commit_word(at.C_PUBLISHED)

    @property
    def _own_s(self) -> float:
        """How long ``main_logic`` takes: the lower median of what was seen, for one slow call is no pace."""
        means = sorted(busy_ns / handled for handled, busy_ns, _ in self._worked)
        return means[(len(means) - 1) // 2] / NS

    @property
    def _passed_on(self) -> float:
        """How many messages come of one."""
        handled, published = (sum(each[which] for each in self._worked) for which in (0, 2))
        return min(1.0, published / handled) if handled else 1.0


def onward(spec: RoutineSpec, ledgers: Mapping[str, Ledger]) -> list[tuple[OutputSpec, Ledger]]:
    """A routine's out-links with the ledgers of their consumers; ``ledgers`` has those of its own flow by name."""
    linked = [each for each in spec.outputs if not each.unlinked]
    return [
        (each, ledgers[each.peer] if each.within_flow else Ledger(each.peer_ledger_fd, writable=False))
        for each in linked
    ]

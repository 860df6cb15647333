"""How often a routine can take a message, with all that lies behind it. Pure.

Source: PipeRT2's synchroniser, which gives each routine the rate of the fastest one behind it, or its own if that is
lower. Here it goes hop by hop: each routine works its own demand out of those of its consumers and says it to its
producers, and a source keeps to what its consumers say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

SLACK = 1.02  # of a period: who gives exactly as fast as can be taken has what once waited wait for ever
STEP = 0.25  # of a period, for each message that waits: so what waits comes to an end soon
MOST_BEHIND = 2.0  # periods: a consumer that is dead or held is still given something new now and then
UNKNOWN_S = 0.1  # the period of a consumer that never said its demand and has a message waiting: it is not set up yet


class Consumer(NamedTuple):
    """One consumer, as its producer sees it.

    Attributes:
        period_s: its demand, as the time from message to message; 0 where it is not known or has no limit.
        waiting: how many messages wait for it on the link.
        share: the part of its demand that this link may have, more than 0 and at most 1.
        holds: whether it makes its producer wait where the link is full.
        needs: whether it takes messages at present: it is neither paused, nor over, nor silent.
    """

    period_s: float
    waiting: int = 0
    share: float = 1.0
    holds: bool = False
    needs: bool = True

    @property
    def next_s(self) -> float:
        """How long after a message the next one is welcome."""
        if not self.period_s:
            return UNKNOWN_S if self.waiting else 0.0
        return self.period_s * SLACK / self.share * min(MOST_BEHIND, 1 + STEP * self.waiting)


def demand_s(consumers: Sequence[Consumer], passed_on: float = 1.0) -> float:
    """How long after a message the next one is welcome to all that lies behind a routine; 0 is at once.

    The fastest consumer that takes messages at present sets it: it must not be starved. One whose link holds the
    producer cannot be left behind, so among several of these it is the slowest.

    Args:
        consumers: where the routine's messages go.
        passed_on: how many messages it sends for one that it takes.
    """
    taking = [each for each in consumers if each.needs] or list(consumers)
    holding = [each.next_s for each in taking if each.holds]
    if not taking:
        return 0.0
    return passed_on * (max(holding) if holding else min(each.next_s for each in taking))


def share_of(period_s: float, links: int, others_rate: float) -> float:
    """The part of a consumer's demand that one of the links into it may have.

    That is what the others leave, and at least a fair part.

    Args:
        period_s: the consumer's demand.
        links: how many links lead into it.
        others_rate: messages a second that it takes from the others.
    """
    return min(1.0, max(1 / max(1, links), 1 - others_rate * period_s))

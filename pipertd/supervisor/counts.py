"""The count of one link, each number read from the words of whoever counted it; none is worked out by subtraction.

At rest: produced = delivered + failed + dropped + quarantined + waiting + in hand. In a live read each may lag.
"""

from __future__ import annotations

from typing import NamedTuple

from pipertd.definition.model import Link
from pipertd.names import Policy
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.view import LinkView

_LEFT_OUT = {
    "newest": at.O_DROPPED_NEWEST,
    "too_large": at.O_TOO_LARGE,
    "consumer_stopped": at.O_CONSUMER_STOPPED,
}
_OF_CONSUMER = {"unlinked": at.I_UNLINKED, "stopped": at.I_STOPPED}


class LinkPlace(NamedTuple):
    """Where the words of a link lie: its column at the producer, its slot at the consumer."""

    producer: Ledger
    column: int
    consumer: Ledger
    slot: int


def link_view(link: Link, place: LinkPlace) -> LinkView:
    """What a link's words say now."""
    producer, column, consumer, slot = place
    mine, theirs = consumer.layout.ins[slot].base, producer.layout.outs[column].base
    # The consumer's words first: what it counted, the producer had counted before, so that nothing is negative.
    delivered = consumer.count(slot, at.N_DELIVERED)
    failed = consumer.count(slot, at.N_FAILED)
    quarantined = consumer.count(slot, at.N_QUARANTINED)
    dropped = {reason: consumer.words[mine + word] for reason, word in _OF_CONSUMER.items()}
    dropped["stale"] = consumer.count(slot, at.N_STALE)
    dropped["newest"] = consumer.count(slot, at.N_NEWEST)  # these two where the link lies within a flow
    dropped["oldest"] = consumer.count(slot, at.N_OLDEST)
    taken, done = consumer.words[mine + at.I_TAKEN], consumer.count(slot, at.N_DONE)
    in_hand = consumer.in_hand(slot)
    left_out = {reason: producer.words[theirs + word] for reason, word in _LEFT_OUT.items()}
    for reason, count in (*left_out.items(), ("oldest", producer.words[theirs + at.O_DROPPED_OLDEST])):
        dropped[reason] = dropped.get(reason, 0) + count
    head = producer.words[theirs + at.O_HEAD]
    waiting = max(0, head - max(taken, done, producer.words[theirs + at.O_EVICTED]))
    if link.within_flow and link.policy is not Policy.WAIT and waiting > link.depth:
        # The link dropped these, and its consumer counts them when it comes to their place in the queue.
        dropped[link.policy.value.removeprefix("drop_")] += waiting - link.depth
        waiting = link.depth
    return LinkView(
        source=str(link.source),
        destination=str(link.destination),
        policy=link.policy.value,
        depth=link.depth,
        produced=head + sum(left_out.values()),
        delivered=delivered,
        failed=failed,
        dropped={reason: count for reason, count in dropped.items() if count},
        quarantined=quarantined,
        waiting=waiting,
        in_hand=in_hand,
        leased=max(0, _held(producer, column, taken) - _returned(place) - in_hand),
    )


def _held(producer: Ledger, column: int, taken: int) -> int:
    """For how many messages that were taken already the link holds slots."""
    layout, words = producer.layout, producer.words
    held = {words[layout.hold_of(row, column)] for row in range(layout.rows + layout.foreign_rows)}
    return sum(0 < each <= taken for each in held)


def _returned(place: LinkPlace) -> int:
    """How many of them were returned and not taken back yet, because the producer sleeps or is gone."""
    head = place.consumer.words[place.consumer.layout.ins[place.slot].base + at.I_RETURN_HEAD]
    tail = place.producer.words[place.producer.layout.outs[place.column].base + at.O_RETURN_TAIL]
    return head - min(head, tail)

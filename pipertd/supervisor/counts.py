"""The count of one link, each number read from the words of whoever counted it; none is worked out by subtraction.

At rest: produced = delivered + failed + dropped + quarantined + waiting + in hand. In a live read each may lag.
"""

from __future__ import annotations

from typing import NamedTuple

from pipertd.definition.model import Link
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.view import LinkView

_SHOWN_DROPS_OF_PRODUCER = {
    "newest": at.O_DROPPED_NEWEST,
    "too_large": at.O_TOO_LARGE,
    "consumer_stopped": at.O_CONSUMER_STOPPED,
}
_SHOWN_DROPS_OF_CONSUMER = {"unlinked": at.I_UNLINKED, "stopped": at.I_STOPPED}


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
    dropped = {reason: consumer.words[mine + word] for reason, word in _SHOWN_DROPS_OF_CONSUMER.items()}
    dropped["stale"] = consumer.count(slot, at.N_STALE)
    taken = consumer.words[mine + at.I_TAKEN]
    in_hand = int(consumer.is_in_hand(slot))
    dropped["oldest"] = producer.words[theirs + at.O_DROPPED_OLDEST]
    dropped |= {reason: producer.words[theirs + word] for reason, word in _SHOWN_DROPS_OF_PRODUCER.items()}
    head = producer.words[theirs + at.O_HEAD]
    left_out = sum(producer.words[theirs + word] for word in _SHOWN_DROPS_OF_PRODUCER.values())
    return LinkView(
        source=str(link.source),
        destination=str(link.destination),
        policy=link.policy.value,
        depth=link.depth,
        produced=head + left_out,
        delivered=delivered,
        failed=failed,
        dropped={reason: count for reason, count in dropped.items() if count},
        quarantined=quarantined,
        waiting=max(0, head - max(taken, producer.words[theirs + at.O_EVICTED])),
        in_hand=in_hand,
        leased=max(0, _held(producer, column, taken) - _returned(place) - in_hand),
    )


def _held(producer: Ledger, column: int, taken: int) -> int:
    """How many slots the link holds for messages that were taken already."""
    layout, words = producer.layout, producer.words
    return sum(0 < words[layout.hold_of(row, column)] <= taken for row in range(layout.rows))


def _returned(place: LinkPlace) -> int:
    """How many of them were returned and not taken back yet, because the producer sleeps or is gone."""
    head = place.consumer.words[place.consumer.layout.ins[place.slot].base + at.I_RETURN_HEAD]
    tail = place.producer.words[place.producer.layout.outs[place.column].base + at.O_RETURN_TAIL]
    return head - min(head, tail)

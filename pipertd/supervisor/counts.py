"""The count of one link, each number read from the words of whoever counted it; none is worked out by subtraction.

At rest: produced = delivered + failed + dropped + quarantined + waiting + in hand. In a live read each may lag.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pipertd.clock import NS, monotonic_s
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
_EVICTED = {"oldest": at.O_DROPPED_OLDEST, "unlinked": at.O_UNLINKED}


class Passer(NamedTuple):
    """A routine that passes messages on: its ledger, and the destinations of its out-links by column."""

    ledger: Ledger
    onward: tuple[str, ...]


class LinkPlace(NamedTuple):
    """Where the words of a link lie: its column at the producer, its slot at the consumer.

    ``number`` is the consumer's in the pipeline.
    """

    producer: Ledger
    column: int
    consumer: Ledger
    slot: int
    number: int


def link_view(link: Link, place: LinkPlace, passers: Iterable[Passer]) -> LinkView:
    """What a link's words say now.

    ``passers`` are the routines of the consumer's flow: what it takes, any of them may pass on. Asked for where slots
    are kept.
    """
    producer, column, consumer, slot, _ = place
    mine, theirs = consumer.layout.ins[slot].base, producer.layout.outs[column].base
    # The consumer's words first: what it counted, the producer had counted before, so that nothing is negative.
    delivered = consumer.count(slot, at.N_DELIVERED)
    failed = consumer.count(slot, at.N_FAILED)
    quarantined = consumer.count(slot, at.N_QUARANTINED)
    dropped = {"stopped": consumer.words[mine + at.I_STOPPED]}
    dropped["unlinked"] = consumer.count(slot, at.N_UNLINKED)  # what was in hand
    dropped["unmatched"] = consumer.count(slot, at.N_UNMATCHED)
    dropped["stale"] = consumer.count(slot, at.N_STALE)
    dropped["newest"] = consumer.count(slot, at.N_NEWEST)  # these two where the link lies within a flow
    dropped["oldest"] = consumer.count(slot, at.N_OLDEST)
    taken, done = consumer.words[mine + at.I_TAKEN], consumer.count(slot, at.N_DONE)
    in_hand = consumer.in_hand(slot)
    left_out = {reason: producer.words[theirs + word] for reason, word in _LEFT_OUT.items()}
    evicted = {reason: producer.words[theirs + word] for reason, word in _EVICTED.items()}
    for reason, count in (*left_out.items(), *evicted.items()):
        dropped[reason] = dropped.get(reason, 0) + count
    # Within a flow a successor gives anew what was not published: what was done with counts as given before it is
    # given again, and what was only taken is in nobody's hands until then.
    head = max(producer.words[theirs + at.O_HEAD], done)
    in_hand = min(in_hand, head - done)
    waiting = max(0, head - max(taken, done, producer.words[theirs + at.O_EVICTED]))
    if link.within_flow and link.policy is not Policy.WAIT and waiting > link.depth:
        # The link dropped these, and its consumer counts them when it comes to their place in the queue.
        dropped[link.policy.value.removeprefix("drop_")] += waiting - link.depth
        waiting = link.depth
    leased = max(0, _held(producer, column, taken) - _returned(place) - in_hand)
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
        leased=leased,
        bytes=_bytes(producer, column),
        oldest_age_s=None if link.within_flow or not waiting else _oldest_age_s(place),
        leased_by=_keepers(link, place, leased, passers),
    )


def ended(place: LinkPlace) -> int:
    """How many messages its consumer took to an end, a good one or a bad one."""
    counted = (at.N_DELIVERED, at.N_FAILED, at.N_QUARANTINED)
    return sum(place.consumer.count(place.slot, which) for which in counted)


def _oldest_age_s(place: LinkPlace) -> float | None:
    """None where the entry was taken, and perhaps written anew, while it was read."""
    out = place.producer.layout.outs[place.column]
    words, taken = place.producer.words, place.consumer.layout.ins[place.slot].base + at.I_TAKEN
    oldest = max(place.consumer.words[taken], words[out.base + at.O_EVICTED])
    captured_ns = words[out.entry(oldest) + at.E_CAPTURED_NS]
    if words[out.entry(oldest)] != oldest + 1 or place.consumer.words[taken] > oldest:
        return None
    return max(0.0, monotonic_s() - captured_ns / NS)


def _bytes(producer: Ledger, column: int) -> int:
    layout, words = producer.layout, producer.words
    holds = words[layout.holds_of(column)][: layout.rows]
    return sum(words[layout.row_of(row) + at.R_CAPACITY] for row, held in enumerate(holds) if held)


def _keepers(link: Link, place: LinkPlace, leased: int, passers: Iterable[Passer]) -> tuple[str, ...]:
    """Who keeps slots of messages that ended: the readers of what the consumer passed on, and the consumer itself."""
    if not leased:
        return ()
    passed: set[int] = set()
    keepers: set[str] = set()
    for passer in passers:
        layout, words = passer.ledger.layout, passer.ledger.words
        for row in range(layout.rows, layout.rows + layout.foreign_rows):
            foreign = layout.foreign + (row - layout.rows) * at.FOREIGN_WORDS
            columns = [column for column in range(len(layout.outs)) if words[layout.hold_of(row, column)]]
            came_by = words[foreign + at.F_ROUTINE], words[foreign + at.F_LINK]
            if columns and came_by == (place.number, place.slot + 1):
                passed.add(words[foreign + at.F_SEQUENCE])
                keepers |= {passer.onward[column] for column in columns}
    if leased > len(passed):
        keepers.add(str(link.destination))
    return tuple(sorted(keepers))


def _held(producer: Ledger, column: int, taken: int) -> int:
    """For how many messages that were taken already the link holds slots."""
    held = set(producer.words[producer.layout.holds_of(column)])
    return sum(0 < each <= taken for each in held)


def _returned(place: LinkPlace) -> int:
    """How many of them were returned and not taken back yet, because the producer sleeps or is gone."""
    head = place.consumer.words[place.consumer.layout.ins[place.slot].base + at.I_RETURN_HEAD]
    tail = place.producer.words[place.producer.layout.outs[place.column].base + at.O_RETURN_TAIL]
    return head - min(head, tail)

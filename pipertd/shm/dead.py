"""The links of a consumer that does not come back: what it keeps, and how what is left is counted in the end."""

from __future__ import annotations

from collections.abc import Sequence

from pipertd.shm import layout as at
from pipertd.shm.hand import Hands
from pipertd.shm.ledger import Ledger


def count_stopped(consumer_fd: int, producers: Sequence[tuple[Ledger, int]]) -> None:
    """Count as stopped what waits on the in-links of a dead consumer, or is in its hands.

    Taking the ledger's lock proves that the consumer is dead; the words are written as its successor would.

    Args:
        consumer_fd: its ledger.
        producers: per in-link the producer's ledger and the column of the link there.

    Raises:
        LedgerInUse: the consumer still lives.
    """
    ledger = Ledger(consumer_fd, writable=True)
    ledger.lock()
    words, heads, left = ledger.words, [], []
    for slot, (producer, column) in enumerate(producers):
        out, link = producer.layout.outs[column].base, ledger.layout.ins[slot].base
        head = int(producer.words[out + at.O_HEAD])
        done = ledger.count(slot, at.N_DONE)
        next_one = max(words[link + at.I_TAKEN], producer.words[out + at.O_EVICTED], done)
        in_hand = min(ledger.in_hand(slot), max(0, head - done))  # what was not given again is in nobody's hands
        heads.append(head)
        left.append(in_hand + max(0, head - next_one))
    Hands(ledger).let_all_go(heads)  # before taken grows: no hand may be claimed by that
    for slot, (head, count) in enumerate(zip(heads, left, strict=True)):
        link = ledger.layout.ins[slot].base
        words[link + at.I_TAKEN] = max(head, words[link + at.I_TAKEN])
        words[link + at.I_STOPPED] += count


def keeps_slots(consumer: Ledger, slot: int, producer: Ledger, column: int) -> bool:
    """Whether slots of messages that ended are kept by a dead consumer, or by who reads them through it.

    The producer may live: what is read here of it is right at every moment.
    """
    words, theirs, mine = consumer.words, producer.words, consumer.layout.ins[slot]
    # The returns first: what the producer takes back meanwhile is not in its hold table any more, or still here.
    tail, head = theirs[producer.layout.outs[column].base + at.O_RETURN_TAIL], words[mine.base + at.I_RETURN_HEAD]
    returned = {words[mine.returned(position)] for position in range(tail, head)}
    in_hand = {
        words[hand + at.W_ENTRY + at.E_SEQUENCE] - 1 for hand in consumer.hands() if words[hand + at.W_LINK] == slot
    }
    held = {hold - 1 for hold in theirs[producer.layout.holds_of(column)]}
    taken = words[mine.base + at.I_TAKEN]
    return any(0 <= sequence < taken for sequence in held - returned - in_hand)

"""Settle the links of a consumer that will never come back: what is left is counted, by whoever may write its words."""

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
    in_hand = [ledger.in_hand(slot) for slot in range(len(producers))]
    Hands(ledger).let_all_go()
    for slot, (producer, column) in enumerate(producers):
        out, link = producer.layout.outs[column].base, ledger.layout.ins[slot].base
        head = producer.words[out + at.O_HEAD]
        next_one = max(
            ledger.words[link + at.I_TAKEN], producer.words[out + at.O_EVICTED], ledger.count(slot, at.N_DONE)
        )
        ledger.words[link + at.I_TAKEN] = max(head, next_one)
        ledger.words[link + at.I_STOPPED] += in_hand[slot] + max(0, head - next_one)

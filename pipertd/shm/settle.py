"""Settle a link whose consumer will never come back: what is left on it is counted, by whoever may write its words."""

from __future__ import annotations

from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger


def count_stopped(consumer_fd: int, in_slot: int, producer: Ledger, column: int) -> int:
    """Count as stopped what waits on a link or is in hand of its dead consumer; returns how many those are.

    Taking the ledger's lock proves that the consumer is dead; the words are written as its successor would.

    Raises:
        LedgerInUse: the consumer still lives.
    """
    ledger = Ledger(consumer_fd, writable=True)
    ledger.lock()
    words, link = ledger.words, ledger.layout.ins[in_slot]
    left = 0
    if ledger.is_in_hand(in_slot):
        left += 1
        words[ledger.layout.hand_copy(words[ledger.layout.hand]) + at.H_STATE] = at.IDLE
    out = producer.layout.outs[column].base
    head = producer.words[out + at.O_HEAD]
    oldest = max(words[link.base + at.I_TAKEN], producer.words[out + at.O_EVICTED])
    if head > oldest:
        left += head - oldest
        words[link.base + at.I_TAKEN] = head
    words[link.base + at.I_STOPPED] += left
    return left

"""A test that cannot fail proves nothing: each rule of the data plane is broken on purpose, and the crashes find it.

The same search is silent on the honest code: that is test_crash_anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pipertd.errors import SegmentError
from pipertd.names import Policy
from pipertd.shm import layout as at
from pipertd.shm.consumer import Consumer, Writer
from pipertd.shm.hand import HandRecord, Taken
from pipertd.shm.producer import Producer
from tests.unit.shm.stepping import SteppedGuard
from tests.unit.shm.test_crash_anywhere import NAMES, crash_before_store
from tests.unit.shm.world import Violation

Break = Callable[[pytest.MonkeyPatch], None]


def return_the_slot_in_hand(patch: pytest.MonkeyPatch) -> None:
    """A slot goes back as soon as nobody views it, acknowledged or not."""

    def use(consumer: Consumer) -> None:
        assert consumer.hand is not None
        consumer._uses[consumer.hand.slot, consumer.hand.sequence] = 0

    def unuse(consumer: Consumer, key: tuple[int, int]) -> None:
        consumer._uses[key] = consumer._uses.get(key, 0) - 1
        if consumer._uses[key] == 0:
            consumer._to_return.append(key)

    patch.setattr(Consumer, "_use_slot_in_hand", use)
    patch.setattr(Consumer, "_unuse", unuse)


def write_the_sequence_first(patch: pytest.MonkeyPatch) -> None:
    """An entry is known by its sequence before its origin is there."""
    honest = Producer._write_entry

    def write(producer: Producer, out: Any, *rest: Any) -> None:
        words = producer._ledger.words
        head = words[out.mine.base + at.O_HEAD]
        words[out.mine.entry(head) + at.E_SEQUENCE] = head + 1
        honest(producer, out, *rest)

    patch.setattr(Producer, "_write_entry", write)


def commit_before_the_entries(patch: pytest.MonkeyPatch) -> None:
    """The message is published before its entries are there."""
    honest_write, honest_commit = Producer._write_entry, Producer.commit
    late: list[tuple[Any, ...]] = []

    def write(*arguments: Any) -> None:
        late.append(arguments)

    def commit(producer: Producer, *arguments: Any) -> None:
        honest_commit(producer, *arguments)
        mine = [each for each in late if each[0] is producer]
        late[:] = [each for each in late if each[0] is not producer]
        for each in mine:
            honest_write(*each)

    patch.setattr(Producer, "_write_entry", write)
    patch.setattr(Producer, "commit", commit)


def hold_no_slot(patch: pytest.MonkeyPatch) -> None:
    """A slot is used again while somebody reads it."""
    honest = Producer._place

    def place(producer: Producer, length: int) -> tuple[int, int] | None:
        placed = honest(producer, length)
        if placed is not None:
            producer._free.append(placed[0])
        return placed

    patch.setattr(Producer, "_place", place)


def leave_the_fan_out_half(patch: pytest.MonkeyPatch) -> None:
    """A successor does not complete what was committed and not yet shown on every link."""
    honest = Producer.recover

    def recover(producer: Producer) -> None:
        heads = [(word, producer._ledger.words[word]) for word in (out.mine.base for out in producer._outs)]
        honest(producer)
        for word, head in heads:
            producer._ledger.words[word + at.O_HEAD] = head

    patch.setattr(Producer, "recover", recover)


def run_again_what_is_published(patch: pytest.MonkeyPatch) -> None:
    """A successor handles its message again although the output of it is out."""
    patch.setattr(Consumer, "already_published", lambda *_: False)


def claim_before_the_hand(patch: pytest.MonkeyPatch) -> None:
    """A message is taken off the link before the hand record has it."""
    honest = HandRecord.claim

    def claim(record: HandRecord, slot: int, sequence: int, attempts: int, entry: memoryview) -> Taken:
        record._ledger.words[record._layout.ins[slot].base + at.I_TAKEN] = sequence + 1
        return honest(record, slot, sequence, attempts, entry)

    patch.setattr(HandRecord, "claim", claim)


def forget_the_predecessors_leases(patch: pytest.MonkeyPatch) -> None:
    """Slots that a dead reader kept stay held for ever."""

    def forget(consumer: Consumer, slot: int, writer: Writer) -> None:
        """Return nothing."""

    patch.setattr(Consumer, "_return_predecessors_leases", forget)


def show_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """A message is shown on its links before it is committed, so that a crash publishes it twice."""
    honest = Producer.commit

    def commit(producer: Producer, *arguments: Any) -> None:
        for out in producer._outs:
            producer._ledger.words[out.mine.base + at.O_HEAD] += 1
        honest(producer, *arguments)
        for out in producer._outs:
            producer._ledger.words[out.mine.base + at.O_HEAD] -= 1

    patch.setattr(Producer, "commit", commit)


def count_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """A message that is left out is counted although it may never be published."""
    honest = Producer._leave_out

    def leave_out(producer: Producer, out: Any, published: int, reason: int) -> None:
        honest(producer, out, published, reason)
        producer._ledger.words[out.mine.base + reason] += 1
        producer._ledger.words[out.mine.base + at.O_LEFT_COUNT] += 1

    patch.setattr(Producer, "_leave_out", leave_out)
    patch.setattr(Producer, "_finish_leaving_out", lambda *_: None)


def evict_without_the_guard(patch: pytest.MonkeyPatch) -> None:
    """Both ends touch the oldest message at once."""
    patch.setattr(SteppedGuard, "acquire", lambda *_: True)
    patch.setattr(SteppedGuard, "release", lambda *_: None)


def forget_an_eviction(patch: pytest.MonkeyPatch) -> None:
    """A successor does not count the message that its predecessor was evicting."""
    honest = Producer.recover

    def recover(producer: Producer) -> None:
        patch.setattr(Producer, "_finish_evicting", lambda *_: None)
        honest(producer)
        patch.setattr(Producer, "_finish_evicting", finish)

    finish = Producer._finish_evicting
    patch.setattr(Producer, "recover", recover)


def evict_behind_the_hold(patch: pytest.MonkeyPatch) -> None:
    """The slot of a message is free before the message is off the link."""
    honest = Producer._evict

    def evict(producer: Producer, out: Any, fewer_than: int) -> bool:
        if producer._waiting(out) >= max(1, fewer_than):
            producer._let_go(out, producer._oldest(out))
        return honest(producer, out, fewer_than)

    patch.setattr(Producer, "_evict", evict)


RULES: list[Break] = [
    return_the_slot_in_hand,
    write_the_sequence_first,
    commit_before_the_entries,
    hold_no_slot,
    leave_the_fan_out_half,
    run_again_what_is_published,
    claim_before_the_hand,
    forget_the_predecessors_leases,
    show_before_the_commit,
]
RULES_OF_DROPPING: list[tuple[Break, Policy]] = [
    (count_before_the_commit, Policy.DROP_NEWEST),
    (evict_without_the_guard, Policy.DROP_OLDEST),
    (forget_an_eviction, Policy.DROP_OLDEST),
    (evict_behind_the_hold, Policy.DROP_OLDEST),
]


def first_violation(policy: Policy) -> str | None:
    """What goes wrong first when processes die before their stores in turn; None where nothing does."""
    for store in range(200):
        for victim in NAMES:
            try:
                crash_before_store(victim, store, 5 if store % 2 else None, policy=policy)
            except (Violation, SegmentError) as found:
                return f"{victim} dead before store {store}: {type(found).__name__}: {found}"
    return None


@pytest.mark.parametrize(
    ("broken", "policy"),
    [*((rule, Policy.WAIT) for rule in RULES), *RULES_OF_DROPPING],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_breaking_a_rule_is_found(broken: Break, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one rule broken, some crash loses, tears, doubles, miscounts or leaks a message."""
    broken(monkeypatch)
    found = first_violation(policy)
    print(f"{broken.__name__}: {found}")
    assert found is not None

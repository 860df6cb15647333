"""A test that cannot fail proves nothing: each rule of the data plane is broken on purpose, and the crashes find it.

The same search is silent on the honest code: that is test_crash_anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pipertd.errors import SegmentError
from pipertd.names import Policy
from pipertd.shm import layout as at
from pipertd.shm.consumer import Consumer
from pipertd.shm.hand import Hands, Taken
from pipertd.shm.inlink import InLink
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import OutLink
from pipertd.shm.producer import Producer
from pipertd.shm.slots import Slots
from tests.unit.shm.stepping import SteppedGuard
from tests.unit.shm.test_crash_anywhere import NAMES, crash_before_store
from tests.unit.shm.world import Violation

MESSAGES = 8  # enough for slots to be used again while somebody reads

Break = Callable[[pytest.MonkeyPatch], None]


def return_the_slot_in_hand(patch: pytest.MonkeyPatch) -> None:
    """A slot goes back as soon as nobody views it, acknowledged or not."""
    honest = Consumer._hold

    def hold(consumer: Consumer, taken: Taken) -> None:
        honest(consumer, taken)
        consumer._uses[taken.slot, taken.sequence] = 0

    def unuse(consumer: Consumer, key: tuple[int, int]) -> None:
        consumer._uses[key] = consumer._uses.get(key, 0) - 1
        if consumer._uses[key] == 0:
            consumer._to_return.append(key)

    patch.setattr(Consumer, "_hold", hold)
    patch.setattr(Consumer, "let_go", unuse)


def write_the_sequence_first(patch: pytest.MonkeyPatch) -> None:
    """An entry is known by its sequence before its origin is there."""
    honest = OutLink.write_entry

    def write(out: OutLink, *rest: Any) -> None:
        out._own[out._entry(out._head) + at.E_SEQUENCE] = out._head + 1
        honest(out, *rest)

    patch.setattr(OutLink, "write_entry", write)


def commit_before_the_entries(patch: pytest.MonkeyPatch) -> None:
    """The message is published before its entries are there."""
    honest_write, honest_commit = OutLink.write_entry, Producer.commit
    late: list[tuple[Any, ...]] = []

    def write(*arguments: Any) -> None:
        late.append(arguments)

    def commit(producer: Producer, *arguments: Any) -> None:
        honest_commit(producer, *arguments)
        mine = [each for each in late if each[0] in producer._outs]
        late[:] = [each for each in late if each[0] not in producer._outs]
        for each in mine:
            honest_write(*each)

    patch.setattr(OutLink, "write_entry", write)
    patch.setattr(Producer, "commit", commit)


def hold_no_slot(patch: pytest.MonkeyPatch) -> None:
    """A slot is used again while somebody reads it."""
    honest = Slots.place

    def place(slots: Slots, length: int) -> tuple[int, int] | None:
        placed = honest(slots, length)
        if placed is not None:
            slots._free.append(placed[0])
        return placed

    patch.setattr(Slots, "place", place)


def leave_the_fan_out_half(patch: pytest.MonkeyPatch) -> None:
    """A successor does not complete what was committed and not yet shown on every link."""
    honest = Producer.recover

    def recover(producer: Producer) -> None:
        heads = [out._head for out in producer._outs]
        honest(producer)
        for out, head in zip(producer._outs, heads, strict=True):
            out._head = out._own[out._base + at.O_HEAD] = head

    patch.setattr(Producer, "recover", recover)


def run_again_what_is_published(patch: pytest.MonkeyPatch) -> None:
    """A successor handles its message again although the output of it is out."""
    honest = Ledger.commit_word

    def commit_word(ledger: Ledger, field: int) -> int:
        return 0 if field == at.C_HANDLED else honest(ledger, field)

    patch.setattr(Ledger, "commit_word", commit_word)


def claim_before_the_hand(patch: pytest.MonkeyPatch) -> None:
    """A message is taken off the link before the hand record has it."""
    honest = Hands.claim

    def claim(hands: Hands, slot: int, sequence: int, entry: memoryview) -> Taken:
        hands._ledger.words[hands._layout.ins[slot].base + at.I_TAKEN] = sequence + 1
        return honest(hands, slot, sequence, entry)

    patch.setattr(Hands, "claim", claim)


def forget_the_predecessors_leases(patch: pytest.MonkeyPatch) -> None:
    """Slots that a dead reader kept stay held for ever."""
    patch.setattr(InLink, "held", lambda _: set())


def show_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """A message is shown on its links before it is committed, so that a crash publishes it twice."""
    honest = Producer.commit

    def commit(producer: Producer, *arguments: Any) -> None:
        for out in producer._outs:
            out._own[out._base + at.O_HEAD] += 1
        honest(producer, *arguments)
        for out in producer._outs:
            out._own[out._base + at.O_HEAD] -= 1

    patch.setattr(Producer, "commit", commit)


def count_before_the_commit(patch: pytest.MonkeyPatch) -> None:
    """A message that is left out is counted although it may never be published."""
    honest = OutLink.leave_out

    def leave_out(out: OutLink, published: int, reason: int) -> None:
        honest(out, published, reason)
        out._own[out._base + reason] += 1
        out._own[out._base + at.O_LEFT_COUNT] += 1

    patch.setattr(OutLink, "leave_out", leave_out)
    patch.setattr(OutLink, "finish_leaving_out", lambda *_: None)


def evict_without_the_guard(patch: pytest.MonkeyPatch) -> None:
    """Both ends touch the oldest message at once."""
    patch.setattr(SteppedGuard, "acquire", lambda *_: True)
    patch.setattr(SteppedGuard, "release", lambda *_: None)


def forget_an_eviction(patch: pytest.MonkeyPatch) -> None:
    """A successor does not count the message that its predecessor was evicting."""
    honest, finish = OutLink.recover, OutLink._finish_evicting

    def recover(out: OutLink, *arguments: Any) -> None:
        patch.setattr(OutLink, "_finish_evicting", lambda _: None)
        honest(out, *arguments)
        patch.setattr(OutLink, "_finish_evicting", finish)

    patch.setattr(OutLink, "recover", recover)


def evict_behind_the_hold(patch: pytest.MonkeyPatch) -> None:
    """The slot of a message is free before the message is off the link."""
    honest = OutLink.evict

    def evict(out: OutLink, slots: Slots, fewer_than: int) -> bool:
        if out.waiting >= max(1, fewer_than):
            slots.let_go(out.column, out._oldest)
        return honest(out, slots, fewer_than)

    patch.setattr(OutLink, "evict", evict)


def pass_on_without_keeping(patch: pytest.MonkeyPatch) -> None:
    """A slot is returned when its message is acknowledged, whoever it was passed on to."""
    patch.setattr(Consumer, "keep", lambda consumer, message: consumer._uses.setdefault(message, 1))
    patch.setattr(Consumer, "let_go", forced)


def forced(consumer: Consumer, message: tuple[int, int]) -> None:
    """Return a message's slots at the first that lets go."""
    if consumer._uses.pop(message, 0):
        consumer._to_return.append(message)


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
RULES_OF_PASSING_ON: list[Break] = [pass_on_without_keeping]
RULES_OF_DROPPING: list[tuple[Break, Policy]] = [
    (count_before_the_commit, Policy.DROP_NEWEST),
    (evict_without_the_guard, Policy.DROP_OLDEST),
    (forget_an_eviction, Policy.DROP_OLDEST),
    (evict_behind_the_hold, Policy.DROP_OLDEST),
]


def first_violation(policy: Policy, *, passes_on: bool) -> str | None:
    """What goes wrong first when processes die before their stores in turn; None where nothing does."""
    for store in range(200):
        for victim in NAMES:
            try:
                second = 5 if store % 2 else None
                crash_before_store(victim, store, second, messages=MESSAGES, policy=policy, passes_on=passes_on)
            except (Violation, SegmentError, msgspec.DecodeError) as found:
                return f"{victim} dead before store {store}: {type(found).__name__}: {found}"
    return None


@pytest.mark.parametrize(
    ("broken", "policy", "passes_on"),
    [
        *((rule, Policy.WAIT, False) for rule in RULES),
        *((rule, Policy.WAIT, True) for rule in RULES_OF_PASSING_ON),
        *((rule, policy, False) for rule, policy in RULES_OF_DROPPING),
    ],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_breaking_a_rule_is_found(
    broken: Break, policy: Policy, passes_on: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one rule broken, some crash loses, tears, doubles, miscounts or leaks a message."""
    broken(monkeypatch)
    found = first_violation(policy, passes_on=passes_on)
    print(f"{broken.__name__}: {found}")
    assert found is not None

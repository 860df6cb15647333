"""A small pipeline of real ledgers, pools and rings whose processes crash: three in a row, and a fan-out.

A fourth link, from the middle into the fan-out, may come and go like the others; in the beginning there is none.

The lives below are what pipertd.flow.loop does, without waiting. Each checks what it reads; ``check_at_rest`` holds the
laws of the data plane against what the destinations saw.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.names import Policy, RoutineRef
from pipertd.protocol import LinkSpec, RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoder
from pipertd.shm.consumer import Consumer
from pipertd.shm.guard import Guard
from pipertd.shm.hand import charge
from pipertd.shm.inlink import Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import Reader
from pipertd.shm.pool import Pool, ReadPools
from pipertd.shm.producer import Producer
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import LinkView
from tests.unit.shm.stepping import Actor, SteppedGuard, SteppedMessage, run_to_rest, stepped

SOURCE, MIDDLE, DESTINATION, FAN_OUT = "source", "middle", "destination", "fan_out"
LARGE = 1500  # does not fit into an entry
MOST_KEPT = 2
MOST_DEATHS = 2
LONGEST_WORK = 12  # turns that others have while a message is looked at


class Violation(AssertionError):
    """A law of the data plane does not hold."""


@dataclass(frozen=True)
class Seen:
    """One delivery, as a routine's own log has it."""

    number: int
    attempt: int
    link: str = ""


class World:
    """The pipeline and its processes."""

    def __init__(
        self,
        *,
        messages: int = 6,
        depths: tuple[int, ...] = (2, 2, 1),
        policies: tuple[Policy, ...] = (Policy.WAIT, Policy.WAIT, Policy.WAIT),
        passes_on: bool = False,
        lends: bool = False,
        charges: bool = False,
        capacity: int = 1,
        linked: tuple[bool, ...] = (True, True, True, False),
        seed: int = 0,
    ) -> None:
        """``lends``: some messages are loans; ``charges``: most deaths are laid to the charge of what was in hand.

        ``capacity`` is the least of every ring: a link may be changed to be as deep. ``linked`` says which links there
        are in the beginning.
        """
        self.messages = messages
        self.passes_on, self.lends, self.charges = passes_on, lends, charges
        self.random = random.Random(seed)
        self.seen: dict[str, list[Seen]] = {MIDDLE: [], DESTINATION: [], FAN_OUT: []}
        self.closing = False
        self._guard_holders: dict[int, Actor] = {}
        ends = [(SOURCE, MIDDLE), (MIDDLE, DESTINATION), (SOURCE, FAN_OUT), (MIDDLE, FAN_OUT)]
        depths, policies = (*depths, 2)[:4], (*policies, Policy.WAIT)[:4]
        self.pipeline = Pipeline(
            name="world",
            shm_limit=4 * MIB,
            flows=tuple(Flow(name, (Routine(name, "no:Code"),)) for name in (SOURCE, MIDDLE, DESTINATION, FAN_OUT)),
            links=(),
        )
        self.links = [Link(RoutineRef(one, one), RoutineRef(two, two)) for one, two in ends]
        self.linked = linked
        self.always_linked = list(linked)
        self.pipeline = self._with(depths, policies, linked)
        self.segments = PipelineSegments(self.pipeline, least_capacity=capacity)
        self._most_waiting = list(depths)
        self._ever_dropped = [policy is not Policy.WAIT for policy in policies]
        self.actors = {
            SOURCE: Actor(SOURCE, self._live_as_source),
            MIDDLE: Actor(MIDDLE, self._live_as_consumer),
            DESTINATION: Actor(DESTINATION, self._live_as_consumer),
            FAN_OUT: Actor(FAN_OUT, self._live_as_consumer),
        }

    def close(self) -> None:
        """Nothing is left of it."""
        for actor in self.actors.values():
            actor.end()
        self.segments.close()

    # -- the lives

    def _live_as_source(self, actor: Actor) -> None:
        producer, _ = self._attach(actor)
        producer.recover()
        while (number := producer.published) < self.messages:
            lent = self._lent(number, producer, actor) if self.lends and number % 3 == 2 else None
            encoder = Encoder(producer.slots.may_pass_on)
            message = SteppedMessage(encoder.encode(content(number) if lent is None else lent), actor)
            while not producer.publish(message, captured_ns=number):
                actor.pause()
            del message, lent
        if not producer.closed:
            producer.close()
        while True:
            actor.pause()
            producer.drain()

    def _lent(self, number: int, producer: Producer, actor: Actor) -> dict[str, Any] | None:
        """The message in a slot that was filled in place, in two halves; None where none is free."""
        producer.drain()
        memory = producer.slots.lend(LARGE)
        if memory is None:
            return None
        for half in (memory[: LARGE // 2], memory[LARGE // 2 :]):
            actor.pause()
            half[:] = number % 251
        return {"number": number, "array": memory}

    def _live_as_consumer(self, actor: Actor) -> None:
        producer, consumer = self._attach(actor)
        if self.charges and actor.crashes and self.random.random() < 0.8:
            charge(consumer._ledger)
        producer.recover()
        again = consumer.recover([kept.message for kept in producer.slots.kept()])
        kept: list[dict[str, Any]] = []
        links = [each.link for each in self.spec(actor.name).inputs]
        while True:
            taken = again.pop(0) if again else consumer.take()
            if taken is None:
                self._idle(actor, producer, consumer, kept)
                continue
            if consumer.is_unlinked(taken) or taken.deaths >= MOST_DEATHS:
                consumer.acknowledge(at.N_UNLINKED if consumer.is_unlinked(taken) else at.N_QUARANTINED)
                consumer.flush()
                continue
            received = consumer.read(taken)
            number = check(received)
            for _ in range(self.random.randrange(LONGEST_WORK)):
                actor.pause()
            check(received)  # still
            self.seen[actor.name].append(Seen(number, taken.attempt, links[taken.slot]))
            if actor.name == MIDDLE:
                outgoing = received if self.passes_on else content(number)
                message = SteppedMessage(Encoder(consumer.may_pass_on).encode(outgoing), actor)
                while not producer.publish(message, cause=consumer.cause(taken), captured_ns=number):
                    self._idle(actor, producer, consumer, kept)
                del message, outgoing
            if self.random.random() < 0.4 and len(kept) < MOST_KEPT:
                kept.append(consumer.read(taken))
            del received
            consumer.acknowledge()
            consumer.flush()

    def _idle(self, actor: Actor, producer: Producer, consumer: Consumer, kept: list[dict[str, Any]]) -> None:
        """What a routine does when it waits: looks after its leases, gives back and takes back slots."""
        actor.pause()
        for message in kept:
            check(message)
        if kept and (self.closing or self.random.random() < 0.3):
            kept.pop(self.random.randrange(len(kept)))
        gc.collect(0)
        consumer.flush()
        producer.drain()

    def _attach(self, actor: Actor) -> tuple[Producer, Consumer]:
        """What a process maps when it starts: its own ledger to write, its neighbours' to read."""
        spec = self.spec(actor.name)
        own = stepped(Ledger(spec.ledger_fd, writable=True), actor)
        producer = Producer(
            own,
            Pool(spec.pool_fd, own) if spec.pool_fd >= 0 else None,
            [
                Reader(
                    Ledger(to.peer_ledger_fd, writable=False),
                    to.peer_slot,
                    to.peer_bell_fd,
                    to.depth,
                    Policy(to.policy),
                    self._guard(to, actor),
                    to.unlinked,
                )
                for to in spec.outputs
            ],
            number=spec.number,
            rows=spec.rows,
            foreign_rows=spec.foreign_rows,
        )
        writers = [
            Writer(
                Ledger(of.peer_ledger_fd, writable=False),
                of.peer_slot,
                of.peer_bell_fd,
                self._guard(of, actor),
                of.unlinked,
            )
            for of in spec.inputs
        ]
        consumer = Consumer(own, writers, ReadPools(spec.read_pools), spec.bell_fd, spec.number, spec.hands)
        producer.slots.let_go_of = lambda kept: consumer.let_go_soon(kept.message)
        return producer, consumer

    def _guard(self, link: LinkSpec, actor: Actor) -> Guard | None:
        return SteppedGuard(self._guard_holders, link.guard_byte, actor) if link.guard_fd >= 0 else None

    def spec(self, name: str) -> RoutineSpec:
        """The routine's part of the launch specification."""
        return self.segments.flow_specs(name)[0]

    # -- a definition that changes

    def _with(self, depths: tuple[int, ...], policies: tuple[Policy, ...], linked: tuple[bool, ...]) -> Pipeline:
        """The pipeline with such links, and without those that are not linked."""
        kinds = zip(self.links, depths, policies, strict=True)
        self.links = [replace(link, depth=depth, policy=policy) for link, depth, policy in kinds]
        return replace(
            self.pipeline, links=tuple(link for link, is_there in zip(self.links, linked, strict=True) if is_there)
        )

    def takes(self, depths: tuple[int, ...], linked: tuple[bool, ...] | None = None) -> bool:
        """Whether the ledgers have place for such links, so deep."""
        policies = tuple(link.policy for link in self.links)
        before = self.links
        misfits = self.segments.misfits(self._with((*depths, 2)[:4], policies, linked or self.linked))
        self.links = before
        return not misfits

    def change(
        self, depths: tuple[int, ...], policies: tuple[Policy, ...], linked: tuple[bool, ...] | None = None
    ) -> set[str]:
        """Have the links so deep, with these policies, and there or not; whom that concerns.

        They die, and their successors are told.
        """
        depths, policies = (*depths, 2)[:4], (*policies, Policy.WAIT)[:4]
        self.linked = linked or self.linked
        changed = self._with(depths, policies, self.linked)
        concerned = self.segments.concerned(changed)
        for name in concerned:
            self.actors[name].crash()  # the successor's life begins with its first turn
        self.segments.renew(changed)
        self.pipeline = changed
        for place, (view, depth, policy) in enumerate(zip(self.views(), depths, policies, strict=True)):
            # What was committed and not shown by the dead one comes on top of what waits now.
            self._most_waiting[place] = max(depth, min(self._most_waiting[place], view.waiting + 1 if view else 0))
            self._ever_dropped[place] |= policy is not Policy.WAIT
            self.always_linked[place] &= self.linked[place]
        return concerned

    def views(self) -> list[LinkView | None]:
        """The counts of all links, those that were removed too; None for one that was never there."""
        had = {link.ends for link in self.segments.record().links}
        return [self.segments.link_view(link) if link.ends in had else None for link in self.links]

    # -- the laws

    def check_now(self) -> None:
        """At every moment no count is negative, no link over its depth, and no more was handled than produced."""
        for view, most_waiting in zip(self.views(), self._most_waiting, strict=True):
            if view is None:
                continue
            counts = (view.produced, view.delivered, view.failed, view.waiting, view.in_hand, view.leased)
            if min(counts) < 0:
                raise Violation(f"a count is negative: {view}")
            if view.waiting > most_waiting:
                raise Violation(f"more waits than the link is deep: {view}")
            if view.delivered + view.in_hand > view.produced:
                raise Violation(f"more was delivered than produced: {view}")

    def run_to_store(self, actor: Actor, ahead: int, turns: Sequence[Actor]) -> bool:
        """Give everybody these turns until ``actor`` has made so many stores more; whether it ever came to that."""
        goal = actor.stores + ahead
        for _ in range(1_500):
            for each in turns:
                if actor.stores >= goal:
                    return True
                each.turn()
        return False

    def run_to_rest(self, rounds: int = 300) -> None:
        """Give everybody turns until every message has arrived and every slot is free."""
        self.closing = True
        if not run_to_rest(self.actors.values(), self._is_at_rest, rounds):
            raise Violation(f"stuck or leaked: {self.views()}, slots held {self._held()}")

    def _is_at_rest(self) -> bool:
        source = Ledger(self.spec(SOURCE).ledger_fd, writable=False)
        if source.commit_word(at.C_PUBLISHED) < self.messages or self._held():
            return False
        return all(
            view is None or (view.produced >= sent and not view.in_flight and is_counted(view))
            for view, sent in zip(self.views(), self._sent(), strict=True)
        )

    def _sent(self) -> list[int]:
        """How many messages were to go out on each link at least: the middle sends on what it was given."""
        first, *_ = self.views()
        taken = first.delivered if first else 0
        sent = (self.messages, taken, self.messages, taken)
        return [each if always else 0 for each, always in zip(sent, self.always_linked, strict=True)]

    def _held(self) -> int:
        held = 0
        for name in (SOURCE, MIDDLE):
            ledger = Ledger(self.spec(name).ledger_fd, writable=False)
            layout = ledger.layout
            last = layout.hold_of(layout.rows + layout.foreign_rows, 0)
            held += sum(1 for word in ledger.words[layout.hold : last] if word)
        return held

    def check_at_rest(self) -> None:
        """Nothing lost, nothing published twice, all in order, and what came twice says so."""
        for place, (view, sent) in enumerate(zip(self.views(), self._sent(), strict=True)):
            if view is not None:
                self._check_count(view, sent, self._ever_dropped[place], self.always_linked[place])
        links = {each.link for all_seen in self.seen.values() for each in all_seen}
        for name in links:
            seen = [each for all_seen in self.seen.values() for each in all_seen if each.link == name]
            numbers = [each.number for each in seen]
            if numbers != sorted(numbers):
                raise Violation(f"{name} saw them out of order: {numbers}")
            for one, two in pairwise(seen):
                if one.number == two.number and two.attempt < 2:
                    raise Violation(f"{name} was given {two.number} again without a word")

    def _check_count(self, view: LinkView, sent: int, may_have_dropped: bool, always_linked: bool) -> None:
        unlinked = view.dropped.get("unlinked", 0)
        if always_linked and (view.produced != sent or unlinked):
            raise Violation(f"published twice or lost: {view}")
        if not is_counted(view):
            raise Violation(f"the count does not hold: {view}")
        if not may_have_dropped and sum(view.dropped.values()) > unlinked:
            raise Violation(f"a link that waits has dropped: {view}")
        seen = self.seen[view.destination.partition("/")[0]]
        given = {each.number for each in seen if each.link == f"{view.source} -> {view.destination}"}
        if not view.delivered <= len(given) <= view.delivered + view.quarantined + unlinked:
            raise Violation(f"counted {view.delivered}, seen {sorted(given)}: {view}")


def is_counted(view: LinkView) -> bool:
    """Whether each message that is not in flight has been counted by its end; that may come a store later."""
    return view.produced == view.delivered + view.failed + sum(view.dropped.values()) + view.quarantined


def content(number: int) -> dict[str, Any]:
    """Message ``number``: every third fits into an entry, the others need a slot."""
    return {"number": number, "array": np.full(64 if number % 3 == 0 else LARGE, number % 251, np.uint8)}


def check(message: dict[str, Any]) -> int:
    """The message's number; Violation where its parts do not belong together."""
    number: int = message["number"]
    if not np.all(message["array"] == number % 251):
        raise Violation(f"torn: message {number} holds {np.unique(message['array'])}")
    return number

"""A routine's links, all of them: those through shared memory and those within the flow, behind one face.

Nothing here waits: what cannot be done now says so, and the routine's loop decides what to do meanwhile.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from functools import partial
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from pipertd.clock import NS
from pipertd.errors import MessageError, SegmentError
from pipertd.flow.ends import reader_of
from pipertd.flow.handover import Handover, Offer, freeze
from pipertd.flow.intake import Intake
from pipertd.flow.poison import PoisonCabinet, is_poison
from pipertd.flow.routine import Envelope
from pipertd.flow.steps import Outgoing, Step, Steps
from pipertd.protocol import RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.bell import TICK_S, Bell, ring
from pipertd.shm.codec import Encoded, Encoder
from pipertd.shm.hand import NO_CAUSE, Taken, charge
from pipertd.shm.lease import Lease
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import Pool
from pipertd.shm.producer import Producer
from pipertd.shm.sleeping import Sleeper
from pipertd.shm.slots import Kept
from pipertd.shm.trail import NO_TRAIL, trace_of

_COLLECT_EVERY_NS = NS
_REST_EVERY_NS = 30 * NS  # a slot that was not used for so long gives its pages back
_NOTHING = Encoded(b"", 0, ())


def check_position(position: Any) -> None:
    """MessageError where an author's ``self.position`` is none."""
    if position and not (isinstance(position, int) and 0 < position < 1 << 64):
        raise MessageError(f"cannot publish with self.position = {position!r}: it is a whole number of 64 bits")


def check_lendable(kind: np.dtype[Any]) -> None:
    """TypeError where arrays of that type cannot lie in shared memory."""
    if kind.hasobject:
        raise TypeError(f"cannot lend an array of {kind}: its elements are references to objects")


class Port:
    """What goes into and out of one routine."""

    def __init__(
        self,
        spec: RoutineSpec,
        ledger: Ledger,
        handovers: Mapping[str, Handover],
        *,
        manual: bool = False,
        writable: bool = False,
        reader: Callable[[Any], Any] | None = None,
        cabinet: PoisonCabinet | None = None,
    ) -> None:
        """Attach to the segments of ``spec``; ``handovers`` has the links within the flow by name.

        Args:
            spec: the routine and its links.
            ledger: the routine's own, writable.
            handovers: the links within the flow, by name.
            manual: the author says when a message is acknowledged.
            writable: arrays are received as private copies.
            reader: makes of a message what the routine takes.
            cabinet: where poison is put aside.
        """
        self._spec, self._ledger, self._cabinet = spec, ledger, cabinet
        self.poisoned = False  # whether the message in hand killed the flow too often to be given again
        self.must_not_run = False  # whether it is poison, or its link was removed since a predecessor took it
        self._manual, self._writable, self._reader = manual, writable, reader
        self._sleeper = Sleeper(ledger, Bell(spec.bell_fd))
        self._intake = Intake(spec, ledger, handovers)
        self._consumer = self._intake.consumer
        linked = [each for each in spec.outputs if not each.unlinked]
        offered = {each.slot: handovers[each.link] for each in linked if each.within_flow}
        self._publishes = any(not each.within_flow for each in linked)
        self._producer = Producer(
            ledger,
            Pool(spec.pool_fd, ledger) if spec.pool_fd >= 0 else None,
            [None if each.within_flow else reader_of(each) for each in spec.outputs],
            number=spec.number,
            rows=spec.rows,
            foreign_rows=spec.foreign_rows,
            wake=partial(ring, spec.bell_fd),
        )
        self._offered = offered.values()
        self._steps = Steps(spec, self._intake, self._producer, offered, manual=manual)
        self.open_steps = self._steps.open  # what something has to be waited for
        self.meet([self])
        self._encoder = Encoder(self._may_pass_on)
        self._sends_at_once = not offered and not manual
        self._always_has_steps = not self._sends_at_once or any(each.within_flow for each in spec.inputs)
        self._taken: Taken | None = None  # the message that main_logic works on
        self._envelope: Envelope | None = None  # what its author sees of it, once they looked
        self._collected_ns = 0
        self._rested_ns = time.monotonic_ns()

    def meet(self, ports: Iterable[Port]) -> None:
        """Know the ports of all routines of the flow: what one of them takes, another one may pass on."""
        consumers = {port._spec.number: port._consumer for port in ports}  # noqa: SLF001 - its own kind
        self._producer.slots.let_go_of = lambda kept: consumers[kept.routine].let_go_soon(kept.message)
        self._consumers = consumers

    def recover_output(self) -> list[Kept]:
        """Put right what the last generation published; the messages that others read through it, by its flow."""
        self._producer.recover()
        if self._producer.closed:
            self.close_within_flow()
        return self._producer.slots.kept()

    def recover_input(self, kept: Iterable[Kept]) -> list[Taken]:
        """Put right what it took, when all of the flow have recovered their output.

        Args:
            kept: what any routine of the flow has passed on.

        Returns:
            The messages that were in its hands, to be resumed in this order.
        """
        return self._intake.recover([each.message for each in kept if each.routine == self._spec.number])

    # -- taking

    def take(self) -> bool:
        """Whether the next message is in hand now; False where nothing waits, or it was too old for its link."""
        if self.open_steps and self._has_hands_full:
            return False
        taken = self._intake.take()
        if self._intake.gaps:
            self._steps.count_gaps()
        if taken is None:
            return False
        if self._always_has_steps:
            self._resume(taken, self._intake.offer)
        else:
            self._taken = taken
        if self._intake.ages and self._intake.is_stale(taken):
            self.end(at.N_STALE)
            return False
        return True

    @property
    def _has_hands_full(self) -> bool:
        """Whether as much is in hand, or waits for its end, as may be."""
        return self._consumer.full or len(self.open_steps) > self._spec.hands

    def _resume(self, taken: Taken, offer: Offer | None = None) -> None:
        """Work on this message in hand."""
        self._taken = taken
        if taken.deaths:
            self.poisoned = self.must_not_run = is_poison(self._spec, taken)
        if self._always_has_steps:
            self._steps.begin(taken, offer)

    def resume_again(self, taken: Taken) -> None:
        """Work on a message that a predecessor had in hand."""
        self._consumer.work_on_again(taken)
        self._resume(taken)
        if self._consumer.is_unlinked(taken):
            self.poisoned, self.must_not_run = False, True

    @property
    def _offer(self) -> Offer | None:
        """Where the message in hand came from within the flow."""
        step = self._steps.current
        return None if step is None else step.offer

    def put_aside(self) -> str:
        """Put the message in hand aside; returns in words what became of it."""
        assert self._taken is not None, "no message is in hand"
        assert self._cabinet is not None, "a routine in a flow has a cabinet"
        envelope, offer = self.envelope(), self._offer
        assert envelope is not None, "what is in hand has an envelope"
        message = offer.message if offer else self._consumer.read(self._taken, writable=True)
        return self._cabinet.put_aside(self._spec, self._taken, envelope.origin, envelope.capture_time_s, message)

    def charge(self) -> None:
        """The flow is about to fail over the message in hand."""
        charge(self._ledger)

    def read(self) -> Any:
        """The content of the message in hand; MessageError where it is not what the routine takes."""
        taken, step = self._taken, self._steps.current
        assert taken is not None, "no message is in hand"
        message = self._content_of(taken, None if step is None else step.offer)
        return message if self._reader is None else self._reader(message)

    def _content_of(self, taken: Taken, offer: Offer | None) -> Any:
        if offer is None:
            return self._consumer.read(taken, writable=self._writable)
        return deepcopy(offer.message) if self._writable else offer.message

    def envelope(self) -> Envelope | None:
        """What is known of the message in hand besides its content; None where there is none."""
        if self._envelope is None and self._taken is not None:
            acknowledge = partial(self._acknowledge, self._steps.current) if self._manual else None
            self._envelope = self._intake.envelope(self._taken, self._offer, acknowledge)
        return self._envelope

    def _acknowledge(self, step: Step | None) -> None:
        """The author is done with a message; called from any thread."""
        assert step is not None, "a message that is acknowledged by hand has a step"
        step.acknowledged = True
        ring(self._spec.bell_fd)

    @property
    def captured_ns(self) -> int:
        """When the message in hand was captured, on the monotonic clock."""
        assert self._taken is not None, "no message is in hand"
        return self._taken.captured_ns

    def may_try_again(self) -> bool:
        """Whether the message in hand has attempts left; then it is counted as tried once more."""
        assert self._taken is not None, "no message is in hand"
        if self._taken.attempt >= self._spec.inputs[self._taken.slot].max_deliveries:
            return False
        self._consumer.try_again(self._taken)
        self._envelope = None
        return True

    @property
    def at_end(self) -> bool:
        """Whether every input was closed and has nothing left; never for a source."""
        return self._intake.at_end

    # -- giving

    @property
    def published(self) -> int:
        """The number of the next message, in this run: what is published, and what waits for its tokens."""
        return self._producer.published + self._steps.unpublished

    @property
    def position(self) -> int:
        """The author's 64 bits as committed last."""
        return self._producer.position

    @property
    def closed(self) -> bool:
        """Whether an earlier generation said the end of the stream already."""
        return self._producer.closed

    def _may_pass_on(self, lease: Lease) -> bool:
        consumer = self._consumers.get(lease.routine)
        return lease.owner is consumer or self._producer.slots.may_pass_on(lease)

    def loan(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray[Any, Any]:
        """An array to be filled and returned: in a slot if one is free, else in memory of its own and copied later."""
        kind = np.dtype(dtype)
        check_lendable(kind)
        self._producer.drain()
        memory = self._producer.slots.lend(prod(shape) * kind.itemsize)
        return np.empty(shape, kind) if memory is None else memory.view(kind).reshape(shape)

    def send(self, message: Any, position: int, began_ns: int, trace_context: bytes = b"") -> Outgoing | None:
        """Publish what the message in hand, or a source's step, gave; what could not go out at once is to be given.

        Args:
            message: what ``main_logic`` returned.
            position: the author's 64 bits, to be committed with it.
            began_ns: when ``main_logic`` was called, on the monotonic clock.
            trace_context: what a source gives its message on its way, 16 bytes or none.

        Raises:
            MessageError: it holds something that cannot travel.
            MessageTooLarge: it can never fit: it is published to nobody, and counted.
        """
        check_position(position)
        taken, step = self._taken, self._steps.current
        captured_ns = time.monotonic_ns() if taken is None else self.captured_ns
        if taken is not None:
            trail = self._intake.trail(taken, self._offer).entered(self._spec.number, began_ns)
        else:
            trail = trace_of(trace_context) if trace_context else NO_TRAIL
        if not self._publishes:
            freeze(message)
            return Outgoing(message, _NOTHING, captured_ns, position, trail)
        encoded = self._encoder.encode(message)
        for _, array in encoded.arrays:
            array.flags.writeable = False
        if self._sends_at_once and (step is None or self.open_steps[0] is step):
            try:
                if self._producer.publish(
                    encoded,
                    position=position,
                    cause=NO_CAUSE if taken is None else self._consumer.cause(taken),
                    captured_ns=captured_ns,
                    trail=trail,
                ):
                    return None
            except SegmentError:
                pass  # said where it waits for some
        return Outgoing(message, encoded, captured_ns, position, trail)

    @property
    def must_wait_within_flow(self) -> bool:
        """Whether a consumer in the flow has no room for an output, or too much waits for tokens."""
        return self._steps.must_wait_within_flow

    @property
    def waits_in_vain(self) -> bool:
        """Whether a consumer in the flow is over that an output waits for."""
        return self._steps.waits_in_vain

    def give(self, outgoing: Outgoing) -> None:
        """The output of the message in hand, or of a source's step: at once to the consumers within the flow."""
        self._steps.give(outgoing, self._taken)

    def end(self, ending: int) -> None:
        """``main_logic`` is done with the message in hand, if there is one: counted so when its output is out."""
        taken, step = self._taken, self._steps.current
        self._taken = self._envelope = None
        self.poisoned = self.must_not_run = False
        if step is not None:
            self._steps.end_current(ending)
        elif taken is not None:
            self._consumer.acknowledge(ending)
            self._consumer.flush()

    def advance(self) -> bool:
        """Publish and acknowledge what is ready; whether something has to wait for room, see :meth:`Steps.advance`."""
        return self._steps.advance()

    @property
    def all_out(self) -> bool:
        """Whether no output waits for tokens or room, and no message is in hand but for its author to acknowledge."""
        return self._steps.all_out

    @property
    def may_advance(self) -> bool:
        """Whether :meth:`advance` has something to do: tokens came back, or an author acknowledged."""
        return self._steps.may_advance

    def ask_for_room(self, *, most: bool) -> Callable[[], bool]:
        """Be woken when ``advance`` finds room; what to look for before sleeping, see :meth:`Producer.ask_for_room`."""
        return self._producer.ask_for_room(most=most)

    def ask_for_nothing(self) -> None:
        """Not be woken over room."""
        self._producer.ask_for_nothing()

    def close(self) -> None:
        """Say the end of the stream on every output."""
        self._producer.close()
        self.close_within_flow()

    def close_within_flow(self) -> None:
        """Say to the consumers in the flow that nothing more comes; they finish what they have."""
        for handover in self._offered:
            handover.close()

    # -- waiting

    def sleep_unless(self, news: Callable[[], bool], timeout_s: float = TICK_S) -> None:
        """Sleep until the bell rings, at most a tick; not at all if there is news.

        Leases that only cyclic garbage holds would keep the producer waiting for as long as this routine idles, so
        the garbage is collected first, at most once a second. Slots that were long not used give their pages back.
        """
        now_ns = time.monotonic_ns()
        if self._consumer.has_leases and now_ns - self._collected_ns > _COLLECT_EVERY_NS:
            self._collected_ns = now_ns
            gc.collect()
        self._producer.drain()  # what was passed on and came back goes back further
        if now_ns - self._rested_ns > _REST_EVERY_NS:
            self._rested_ns = now_ns
            self._producer.slots.rest()
        self._consumer.flush()
        self._sleeper.sleep_unless(lambda: news() or self._producer.has_returns, timeout_s)

    @property
    def most_in_hand(self) -> int:
        """How many messages may be in hand at once."""
        return self._spec.hands

    @property
    def waits_for_author(self) -> bool:
        """Whether no message can be taken before the author acknowledges one that is in hand."""
        return self._manual and self._consumer.full

    def has_input(self) -> bool:
        """Whether something waits to be taken and may be, or the end was said."""
        if self.at_end:
            return True
        return not self._has_hands_full and self._intake.has_message

"""A routine's links, all of them: those through shared memory and those within the flow, behind one face.

What a routine makes of a message is a job. Its output goes to the consumers within the flow at once, and to other flows
when their tokens have come back; then its input is acknowledged. Jobs end in the order in which they began, so one slow
consumer within the flow keeps the later ones waiting, up to the depth of its link.

Nothing here waits: what cannot be done now says so, and the routine's loop decides what to do meanwhile.
"""

from __future__ import annotations

import gc
import time
from collections import deque
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
from pipertd.flow.job import Job, Outgoing
from pipertd.flow.poison import PoisonCabinet, is_poison
from pipertd.flow.routine import Envelope
from pipertd.names import Policy
from pipertd.protocol import RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.bell import TICK_S, Bell, ring
from pipertd.shm.codec import Encoded, Encoder
from pipertd.shm.hand import NO_CAUSE, Cause, Taken, charge
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
        self._manual, self._writable, self._reader = manual, writable, reader
        self._sleeper = Sleeper(ledger, Bell(spec.bell_fd))
        self._intake = Intake(spec, ledger, handovers)
        self._consumer = self._intake.consumer
        self._offered = {each.slot: handovers[each.link] for each in spec.outputs if each.within_flow}
        self._publishes = any(not each.within_flow for each in spec.outputs)
        self._producer = Producer(
            ledger,
            Pool(spec.pool_fd, ledger) if spec.pool_fd >= 0 else None,
            [None if each.within_flow else reader_of(each) for each in spec.outputs],
            number=spec.number,
            wake=partial(ring, spec.bell_fd),
        )
        self.meet([self])
        self._encoder = Encoder(self._may_pass_on)
        self._sends_at_once = not self._offered and not manual
        self._always_has_jobs = not self._sends_at_once or any(each.within_flow for each in spec.inputs)
        self.jobs: deque[Job] = deque()  # what something has to be waited for
        self._unpublished = 0
        self._taken: Taken | None = None  # the message that main_logic works on
        self._job: Job | None = None  # its job, if it has one
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
        if self.jobs and self._has_hands_full:
            return False
        taken = self._intake.take()
        if self._intake.gaps:
            self.jobs.extend(Job(gap=gap) for gap in self._intake.gaps)
            self._intake.gaps.clear()
        if taken is None:
            return False
        if self._always_has_jobs:
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
        return self._consumer.full or len(self.jobs) > self._spec.hands

    def _resume(self, taken: Taken, offer: Offer | None = None) -> None:
        """Work on this message in hand."""
        self._taken = taken
        if taken.deaths:
            self.poisoned = is_poison(self._spec, taken)
        if self._always_has_jobs:
            self._job = job = Job(taken, offer)
            self.jobs.append(job)

    def resume_again(self, taken: Taken) -> None:
        """Work on a message that a predecessor had in hand."""
        self._consumer.work_on_again(taken)
        self._resume(taken)

    @property
    def _offer(self) -> Offer | None:
        """Where the message in hand came from within the flow."""
        return None if self._job is None else self._job.offer

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
        taken, job = self._taken, self._job
        assert taken is not None, "no message is in hand"
        if job is None or job.offer is None:
            message = self._consumer.read(taken, writable=self._writable)
        else:
            message = deepcopy(job.offer.message) if self._writable else job.offer.message
        return message if self._reader is None else self._reader(message)

    def envelope(self) -> Envelope | None:
        """What is known of the message in hand besides its content; None where there is none."""
        if self._envelope is None and self._taken is not None:
            acknowledge = partial(self._acknowledge, self._job) if self._manual else None
            self._envelope = self._intake.envelope(self._taken, self._offer, acknowledge)
        return self._envelope

    def _acknowledge(self, job: Job | None) -> None:
        """The author is done with a message; called from any thread."""
        assert job is not None, "a message that is acknowledged by hand has a job"
        job.acknowledged = True
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
        return self._producer.published + self._unpublished

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
        if kind.hasobject:
            raise TypeError(f"cannot lend an array of {kind}: its elements are references to objects")
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
        if position and not (isinstance(position, int) and 0 < position < 1 << 64):
            raise MessageError(f"cannot publish with self.position = {position!r}: it is a whole number of 64 bits")
        taken, job = self._taken, self._job
        captured_ns = time.monotonic_ns() if taken is None else taken.captured_ns
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
        if self._sends_at_once and (job is None or self.jobs[0] is job):
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

    def must_wait_within_flow(self) -> bool:
        """Whether a consumer in the flow has no room, or too much waits for tokens."""
        if not self._offered:
            return False
        return self._unpublished >= self._spec.hands or any(each.must_wait for each in self._offered.values())

    def give(self, outgoing: Outgoing) -> None:
        """The output of the message in hand, or of a source's step: at once to the consumers within the flow."""
        if self._job is None:
            self._job = Job(self._taken)
            self.jobs.append(self._job)
        for column, handover in self._offered.items():
            sequence, now_ns = self.published, time.monotonic_ns()
            offer = Offer(sequence, outgoing.message, outgoing.captured_ns, now_ns, outgoing.trail.left(now_ns))
            if handover.waits:  # a link that drops keeps nobody: what dies on it with the flow is counted as dropped
                self._job.given.append(offer)
            self._producer.count_handed_over(column, sequence)
            handover.give(offer)
        self._job.outgoing = outgoing
        self._unpublished += 1

    def end(self, ending: int) -> None:
        """``main_logic`` is done with the message in hand, if there is one: counted so when its output is out."""
        taken, job = self._taken, self._job
        self._taken = self._job = self._envelope = None
        self.poisoned = False
        if taken is None:
            return
        if job is None:
            self._consumer.settle(ending)
            self._consumer.flush()
            return
        job.ending = ending
        if not self._manual or ending != at.N_DELIVERED:
            job.acknowledged = True
            if job.outgoing is None and self.jobs[0] is job:
                self._settle()

    def advance(self) -> bool:
        """Publish and settle what is ready, the oldest first; whether something is, and has to wait for room.

        Raises:
            MessageTooLarge: a message can never fit: it is published to nobody, and counted.
            SegmentError: no shared memory is left.
        """
        jobs = self.jobs
        if not jobs:
            return False
        self._settle()  # first: a commit names the message that it was made from, and says that all before it ended
        while self._unpublished:
            job = jobs[0] if jobs[0].outgoing is not None else next(each for each in jobs if each.outgoing is not None)
            if not job.has_tokens or job is self._job:
                break
            if not self._publish(job):
                return True
            self._settle()
        return False

    def _publish(self, job: Job) -> bool:
        outgoing = job.outgoing
        assert outgoing is not None
        published = self._producer.published
        try:
            return self._producer.publish(
                outgoing.encoded,
                position=outgoing.position,
                cause=self._cause(job),
                captured_ns=outgoing.captured_ns,
                trail=outgoing.trail,
            )
        finally:
            if self._producer.published != published:
                job.outgoing = None
                self._unpublished -= 1

    def _cause(self, job: Job) -> Cause:
        """What is acknowledged with this output: all jobs up to this one, or to the first that is not acknowledged."""
        last = None
        for each in self.jobs:
            if not each.acknowledged:
                break
            last = each.taken or last
            if each is job:
                break
        return self._consumer.cause(last)

    def _settle(self) -> None:
        """Acknowledge the oldest messages in hand, as far as they are over."""
        jobs, settled = self.jobs, False
        while jobs:
            job = jobs[0]
            if not job.over or job is self._job:
                break
            jobs.popleft()
            if job.gap is not None:
                slot, gap = job.gap
                self._consumer.count_dropped(slot, gap.last, gap.count, Policy(self._spec.inputs[slot].policy))
            elif job.taken is not None:
                assert job.ending is not None, "an acknowledged message was handled"
                self._consumer.settle(job.ending)
                if job.offer is not None:
                    self._intake.finish(job.taken.slot, job.offer)
                settled = True
        if settled:
            self._consumer.flush()

    @property
    def all_out(self) -> bool:
        """Whether no output waits for tokens or room, and no message is in hand but for its author to acknowledge."""
        return not self._unpublished and (self._manual or all(job is self._job for job in self.jobs))

    @property
    def may_advance(self) -> bool:
        """Whether :meth:`advance` has something to do: tokens came back, or an author acknowledged."""
        if self._unpublished:
            return next(job for job in self.jobs if job.outgoing is not None).has_tokens
        return bool(self.jobs) and self.jobs[0].over

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
        for handover in self._offered.values():
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

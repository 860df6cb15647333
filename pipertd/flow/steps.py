"""What a routine makes of its messages, while something of it still has to be waited for.

A step is one call of ``main_logic``: a message taken, what was made of it, and their end. Its output goes to the
consumers within the flow at once, and to other flows when their tokens have come back; then its input is acknowledged.
Steps end in the order in which they began, so one slow consumer within the flow keeps the later ones waiting, up to the
depth of its link.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from pipertd.flow.handover import Gap, Handover, Offer
from pipertd.flow.intake import Intake
from pipertd.names import Policy
from pipertd.protocol import RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoded
from pipertd.shm.hand import Cause, Taken
from pipertd.shm.producer import Producer
from pipertd.shm.trail import Trail


class Outgoing(NamedTuple):
    """A message that a routine returned, taken apart and ready to go."""

    message: Any
    encoded: Encoded
    captured_ns: int
    position: int
    trail: Trail


class Step:
    """A message in hand and what was made of it; a source's step has no message, one without output no ``outgoing``.

    Attributes:
        taken: the message.
        offer: where it came from within the flow.
        gap: in its place, by in-link: what a link within the flow dropped.
        ending: what it counts as; None until ``main_logic`` has returned.
        outgoing: what was made of it and is not published yet.
        given: the tokens of that within the flow, with the link that each was given to.
        acknowledged: whether it may end as soon as its output is out.
        leader: of messages that are joined all but one have none of their own output: the step that has it.
    """

    __slots__ = ("acknowledged", "ending", "gap", "given", "leader", "offer", "outgoing", "taken")

    def __init__(
        self, taken: Taken | None = None, offer: Offer | None = None, gap: tuple[int, Gap] | None = None
    ) -> None:
        self.taken = taken
        self.offer = offer
        self.gap = gap
        self.ending: int | None = None
        self.outgoing: Outgoing | None = None
        self.given: list[tuple[Handover, Offer]] = []
        self.leader: Step | None = None
        self.acknowledged = taken is None  # nobody's hand has to wait for a source's step, or for a gap

    @property
    def has_tokens(self) -> bool:
        """Whether every consumer in the flow is done with its output."""
        return all(offer.done for _, offer in self.given)

    @property
    def waits_in_vain(self) -> bool:
        """Whether a consumer in the flow is over and never was done with its output."""
        # The link first: a consumer gives back what tokens it does before it is over.
        return any(handover.abandoned and not offer.done for handover, offer in self.given)

    @property
    def over(self) -> bool:
        """Whether nothing of it has to be waited for."""
        leader = self.leader
        return self.acknowledged and self.outgoing is None and (leader is None or leader.outgoing is None)


class Steps:
    """The steps of one routine that are not over.

    Attributes:
        open: all of them, the oldest first; steps that are over before anybody had to wait were never in it.
        current: the one that ``main_logic`` works on, if it has to be waited for.
        unpublished: how many outputs wait for tokens, or for room.
    """

    def __init__(
        self,
        spec: RoutineSpec,
        intake: Intake,
        producer: Producer,
        offered: Mapping[int, Handover],
        *,
        manual: bool,
    ) -> None:
        """``offered`` has the out-links within the flow by slot; ``manual``: the author acknowledges."""
        self._spec, self._intake, self._consumer, self._producer = spec, intake, intake.consumer, producer
        self._offered, self._manual = offered, manual
        self.open: deque[Step] = deque()
        self.current: Step | None = None
        self.unpublished = 0

    # -- their beginning

    def begin(self, taken: Taken | None, offer: Offer | None = None) -> None:
        """``main_logic`` works on this message now, or a source's on what will have none."""
        self.current = self.hold(taken, offer)

    def hold(self, taken: Taken | None, offer: Offer | None = None) -> Step:
        """This message is in hand, and ``main_logic`` works on it later, if ever."""
        step = Step(taken, offer)
        self.open.append(step)
        return step

    def count_gaps(self) -> None:
        """Count what links within the flow dropped before the next message, when it is that one's turn."""
        self.open.extend(Step(gap=gap) for gap in self._intake.gaps)
        self._intake.gaps.clear()

    @property
    def must_wait_within_flow(self) -> bool:
        """Whether a consumer in the flow has no room for an output, or too much waits for tokens."""
        if not self._offered:
            return False
        return self.unpublished >= self._spec.hands or any(each.must_wait for each in self._offered.values())

    @property
    def waits_in_vain(self) -> bool:
        """Whether a consumer in the flow is over, so that an output will never find room, or its token never come."""
        if not self._offered:
            return False
        if any(each.abandoned and each.must_wait for each in self._offered.values()):
            return True
        return bool(self.unpublished) and self._oldest_unpublished.waits_in_vain

    def give(self, outgoing: Outgoing, taken: Taken | None) -> None:
        """The output of the message in hand, or of a source's step: at once to the consumers within the flow."""
        if self.current is None:
            self.begin(taken)
        step = self.current
        assert step is not None, "it was begun just now, if not before"
        for column, handover in self._offered.items():
            sequence, now_ns = self._producer.published + self.unpublished, time.monotonic_ns()
            offer = Offer(sequence, outgoing.message, outgoing.captured_ns, now_ns, outgoing.trail.left(now_ns))
            if handover.waits:  # a link that drops keeps nobody: what dies on it with the flow is counted as dropped
                step.given.append((handover, offer))
            self._producer.count_handed_over(column, sequence)
            handover.give(offer)
        step.outgoing = outgoing
        self.unpublished += 1

    # -- their end

    def end_current(self, ending: int) -> None:
        """``main_logic`` is done with its message: counted so when its output is out and its author done with it."""
        step, self.current = self.current, None
        if step is None or step.taken is None:
            return
        step.ending = ending
        if not self._manual or ending != at.N_DELIVERED:
            step.acknowledged = True
            if step.outgoing is None and self.open[0] is step:
                self._end_what_is_over()

    def advance(self) -> bool:
        """Publish and acknowledge what is ready, the oldest first; whether something is, and has to wait for room.

        Raises:
            MessageTooLarge: a message can never fit: it is published to nobody, and counted.
            SegmentError: no shared memory is left.
        """
        self._end_what_is_over()  # first: a commit names what it was made from, and says that all before that ended
        while self.unpublished:
            step = self._oldest_unpublished
            if not step.has_tokens or step is self.current:
                break
            if not self._publish(step):
                return True
            self._end_what_is_over()
        return False

    @property
    def _oldest_unpublished(self) -> Step:
        return next(step for step in self.open if step.outgoing is not None)

    def _publish(self, step: Step) -> bool:
        outgoing, published = step.outgoing, self._producer.published
        assert outgoing is not None, "it was looked for"
        try:
            return self._producer.publish(
                outgoing.encoded,
                position=outgoing.position,
                cause=self._cause(step),
                captured_ns=outgoing.captured_ns,
                trail=outgoing.trail,
            )
        finally:
            if self._producer.published != published:  # also where it is too large, and published to nobody
                step.outgoing = None
                self.unpublished -= 1

    def _cause(self, step: Step) -> Cause:
        """What is acknowledged with this output: all steps up to its own, or to the first that is not acknowledged."""
        last = None
        for each in self.open:
            if not each.acknowledged:
                break
            last = each.taken or last
            if each is step:
                break
        return self._consumer.cause(last)

    def _end_what_is_over(self) -> None:
        """Acknowledge the oldest messages in hand, as far as their steps are over."""
        steps, acknowledged = self.open, False
        while steps and steps[0].over and steps[0] is not self.current:
            step = steps.popleft()
            if step.gap is not None:
                slot, gap = step.gap
                self._consumer.count_dropped(slot, gap.last, gap.count, Policy(self._spec.inputs[slot].policy))
            elif step.taken is not None:
                assert step.ending is not None, "an acknowledged message was handled"
                self._consumer.acknowledge(step.ending)
                if step.offer is not None:
                    self._intake.finish(step.taken.slot, step.offer)
                acknowledged = True
        if acknowledged:
            self._consumer.flush()

    # -- what is left to do

    @property
    def may_advance(self) -> bool:
        """Whether :meth:`advance` has something to do: tokens came back, or an author acknowledged."""
        if self.unpublished:
            return self._oldest_unpublished.has_tokens
        return bool(self.open) and self.open[0].over

    @property
    def all_out(self) -> bool:
        """Whether no output waits for tokens or room, and no message is in hand but for its author to acknowledge."""
        return not self.unpublished and (self._manual or all(step is self.current for step in self.open))

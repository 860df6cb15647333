"""What a routine makes of a message, while something of it still has to be waited for."""

from __future__ import annotations

from typing import Any, NamedTuple

from pipertd.flow.handover import Gap, Offer
from pipertd.shm.codec import Encoded
from pipertd.shm.hand import Taken
from pipertd.shm.trail import Trail


class Outgoing(NamedTuple):
    """A message that a routine returned, taken apart and ready to go."""

    message: Any
    encoded: Encoded
    captured_ns: int
    position: int
    trail: Trail


class Job:
    """A message in hand and what was made of it; a source's job has no message, one without output no ``outgoing``.

    Attributes:
        taken: the message.
        offer: where it came from within the flow.
        gap: in its place, by in-link: what a link within the flow dropped.
        ending: what it counts as; None until ``main_logic`` has returned.
        outgoing: what was made of it and is not published yet.
        given: the tokens of that within the flow.
        acknowledged: whether it may be settled as soon as its output is out.
    """

    __slots__ = ("acknowledged", "ending", "gap", "given", "offer", "outgoing", "taken")

    def __init__(
        self, taken: Taken | None = None, offer: Offer | None = None, gap: tuple[int, Gap] | None = None
    ) -> None:
        self.taken = taken
        self.offer = offer
        self.gap = gap
        self.ending: int | None = None
        self.outgoing: Outgoing | None = None
        self.given: list[Offer] = []
        self.acknowledged = taken is None  # nobody's hand has to wait for a source's step, or for a gap

    @property
    def has_tokens(self) -> bool:
        """Whether every consumer in the flow is done with its output."""
        return all(offer.done for offer in self.given)

    @property
    def over(self) -> bool:
        """Whether it may be settled."""
        return self.acknowledged and self.outgoing is None

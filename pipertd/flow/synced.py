"""Joins by capture time: which messages of several links belong together. Pure.

Source: the approximate time policy of ROS's message_filters, and the timestamp bounds of MediaPipe: a message that
waits on a link says that nothing older comes by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pipertd.clock import NS


class Synced:
    """``inputs = Synced("left", "right", within=0.02)``: main_logic takes a message of each, captured that close.

    Attributes:
        names: the routines whose messages are joined, in the order in which ``main_logic`` takes them: a routine, or
            FLOW/ROUTINE where its name is not unique.
        within_s: seconds between the first and the last capture of those that belong together; at most half of the
            time from message to message, or a message may be joined with the neighbour of the one that it belongs to.
    """

    def __init__(self, *names: str, within: float) -> None:
        """``within`` is in seconds; ValueError for less than two names, one twice, or no time."""
        if len(names) < 2 or len(set(names)) < len(names) or not all(isinstance(each, str) for each in names):
            raise ValueError(
                f"cannot join {', '.join(map(repr, names)) or 'nothing'}: name two or more routines, each once"
            )
        if not within >= 0:
            raise ValueError(f"cannot join within {within!r} s: it is 0 or more")
        self.names, self.within_s = names, float(within)


def synced_of(cls: type) -> Synced | None:
    """How a class joins its inputs; None where it takes them one by one."""
    inputs = getattr(cls, "inputs", None)
    return inputs if isinstance(inputs, Synced) else None


def consumer_logic(routine: Any) -> Callable[[Any], Any]:
    """``main_logic`` of a consumer, to be called with what its port reads: a message, or a tuple of those joined."""
    main_logic: Callable[..., Any] = routine.main_logic
    if synced_of(type(routine)) is None:
        return main_logic
    return lambda messages: main_logic(*messages)


def is_named(name: str, ref: str) -> bool:
    """Whether a name means the routine FLOW/ROUTINE."""
    return name in (ref, ref.rpartition("/")[2])


class Head(NamedTuple):
    """The next message of one input.

    Attributes:
        captured_ns: when it was captured; None where none waits.
        full: whether its link is full, and makes its producer wait.
        over: where none waits: whether none comes.
    """

    captured_ns: int | None = None
    full: bool = False
    over: bool = False


MATCH = -1


def decide(heads: Sequence[Head], within_s: float) -> int | None:
    """What becomes of the next messages: MATCH, or the input whose next one can be joined with nothing, or None yet.

    On each link messages come in the order of their capture. So the oldest of all is without a match when every other
    link is beyond it; when none comes where one is missed; and when a link would make its producer wait meanwhile, for
    what is waited for may never come. Thus nothing is kept for longer than its link is deep.
    """
    times = {place: head.captured_ns for place, head in enumerate(heads) if head.captured_ns is not None}
    if not times:
        return None
    oldest = min(times, key=lambda place: (times[place], place))
    if max(times.values()) - times[oldest] > within_s * NS:
        return oldest
    if len(times) == len(heads):
        return MATCH
    if any(head.over for head in heads if head.captured_ns is None):
        return oldest
    full = [place for place in times if heads[place].full]
    return min(full, key=lambda place: (times[place], place)) if full else None

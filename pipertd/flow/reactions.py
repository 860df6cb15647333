"""What a routine does with an event: built-in ones and the author's handlers, on the routine's own thread."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pipertd.flow import events
from pipertd.flow.authored import in_words, leave_if_forked, without_our_frames
from pipertd.flow.handlers import BY_KEYWORD
from pipertd.flow.pacing import Pace
from pipertd.flow.routine import Routine
from pipertd.flow.values import complaint, converted, hints_of
from pipertd.names import nearest
from pipertd.protocol import Answer, encode

_MOST_UNKNOWN = 3  # parameters that are named in an answer


class _Refused(Exception):
    """Raised for what a handler does not take, or cannot do now: the caller's mistake, not the author's."""


class Reactions:
    """The events of one routine: ``waiting`` are those that wait, ``paused`` is what pause and resume set.

    A routine that works ``on_demand`` also ``rests``, which start and stop set.
    """

    def __init__(
        self,
        routine: Routine,
        pace: Pace,
        inbox: events.Inbox,
        answer: Callable[[Answer], None],
        log: logging.Logger,
        *,
        on_demand: bool = False,
        rests: bool = False,
    ) -> None:
        self._routine = routine
        self._pace = pace
        self._inbox = inbox
        self._answer = answer
        self._log = log
        self._methods = events.handlers_of(type(routine))
        self._built_in: dict[str, Callable[..., Any]] = {
            events.START: self._resume,
            events.RESUME: self._resume,
            events.PAUSE: self._pause,
            events.UPDATE_FPS: self._update_fps,
            events.LOG_DATA: self._log_data,
        }
        if on_demand:
            self._built_in |= {events.START: self._begin, events.STOP: self._rest}
        self.waiting = inbox.waiting
        self.paused = False
        self.on_demand, self.rests = on_demand, rests
        self._must_be_stopped_first = False

    def handle_next(self) -> bool:
        """Handle the oldest event and answer it; whether there was one."""
        delivery = self._inbox.take()
        if delivery is None:
            return False
        answer = self._react(delivery)
        if delivery.request:
            self._answer(_sendable(answer))
        elif answer.error and not answer.unhandled:
            self._log.warning("event %s: %s", delivery.event, answer.error)  # nobody else would hear of it
        return True

    def _react(self, delivery: events.Delivery) -> Answer:
        name, value, known = self._routine.name, None, False
        try:
            for handler in (self._built_in.get(delivery.event), self._method(delivery.event)):
                if handler is not None:
                    known, value = True, handler(**_typed(handler, delivery.params))
        except _Refused as reason:
            return Answer(request=delivery.request, routine=name, error=str(reason))
        except Exception as reason:  # the author's handler
            self._log.error("event %s failed", delivery.event, exc_info=without_our_frames(reason))
            return Answer(request=delivery.request, routine=name, error=in_words(reason))
        finally:
            leave_if_forked()
        if known:
            return Answer(request=delivery.request, routine=name, value=value)
        handles = ", ".join(sorted({*self._built_in, *self._methods}))
        hint = nearest(delivery.event, {*self._built_in, *self._methods})
        error = f"cannot handle {delivery.event!r}: {name} has no handler for it{hint} (it handles: {handles})"
        return Answer(request=delivery.request, routine=name, error=error, unhandled=True)

    def _method(self, event: str) -> Callable[..., Any] | None:
        attribute = self._methods.get(event)
        return getattr(self._routine, attribute) if attribute else None

    def crash(self) -> None:
        """``setup`` failed: one that works on demand rests, and no start counts until it is stopped."""
        self.rests = self._must_be_stopped_first = self.on_demand

    def _begin(self) -> None:
        if self._must_be_stopped_first:
            raise _Refused(f"cannot start {self._routine.name}: its setup failed; stop it, then start it again")
        self.rests = self.paused = False

    def _rest(self) -> None:
        self.rests, self.paused, self._must_be_stopped_first = True, False, False

    def _pause(self) -> None:
        self.paused = True

    def _resume(self) -> None:
        self.paused = False

    def _update_fps(self, fps: float | None) -> None:
        if fps is not None and fps <= 0:
            raise _Refused(f"cannot set fps to {fps}: it is more than 0, or null for no limit")
        self._routine.fps = fps
        self._pace.change(fps)

    def _log_data(self) -> dict[str, Any]:
        data = {"published": self._routine.published, "fps": self._routine.fps, "paused": self.paused}
        self._log.info("log_data: %s", data)
        return data


def _typed(handler: Callable[..., Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the handler annotates them; _Refused where it does not take them."""
    try:
        inspect.signature(handler).bind(**params)
    except TypeError as reason:
        raise _Refused(f"cannot use these parameters: {_mistakes(handler, params) or reason}") from None
    hints, typed = hints_of(handler), dict(params)
    for name in typed.keys() & hints.keys():
        try:
            typed[name] = converted(params[name], hints[name])
        except msgspec.ValidationError as reason:
            raise _Refused(f"cannot use {params[name]!r} as {name}: {complaint(reason, hints[name])}") from None
    return typed


def _mistakes(handler: Callable[..., Any], params: Mapping[str, Any]) -> str:
    """Which parameters there are not, and which are missing."""
    taken = inspect.signature(handler).parameters.values()
    known = {each.name: each for each in taken if each.kind in BY_KEYWORD}
    takes_more = any(each.kind is each.VAR_KEYWORD for each in taken)
    unknown = [] if takes_more else sorted(params.keys() - known.keys())
    missing = [name for name, each in known.items() if each.default is each.empty and name not in params]
    mistakes = [f"there is no {name!r:.60}{nearest(name, known)}" for name in unknown[:_MOST_UNKNOWN]]
    mistakes += [f"{name!r} is missing" for name in missing]
    takes = f" (it takes: {', '.join(known) or 'none'})" if unknown else ""
    return "; ".join(mistakes) + takes


def _sendable(answer: Answer) -> Answer:
    """The answer, or why it cannot travel."""
    try:
        encode(answer)
    except (TypeError, ValueError, OverflowError, RecursionError) as reason:
        return Answer(request=answer.request, routine=answer.routine, error=f"cannot send the answer: {reason}")
    return answer

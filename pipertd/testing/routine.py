"""One routine that runs in a test: what the test gives it, and what becomes of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from math import inf
from typing import Any

from pipertd.flow.handover import freeze
from pipertd.flow.routine import Envelope
from pipertd.shm.trail import NO_TRAIL, trace_of
from pipertd.testing.parcel import Parcel
from pipertd.testing.setting import EventFailed, Failure, Output, Raised
from pipertd.testing.stepped import Stepped

MOST_CALLS = 100_000  # of main_logic for one that is asked for: a source that never gives anything would hang a test


class Running:
    """A routine that runs in a test.

    Attributes:
        routine: the author's object.
        clock: what the time is for it; moves by itself as far as a pace makes it wait.
    """

    def __init__(self, stepped: Stepped) -> None:
        self._stepped = stepped
        self._sequence = 0
        self.routine: Any = stepped.routine
        self.clock = stepped.clock

    # -- messages

    def give(
        self,
        *messages: Any,
        attempt: int = 1,
        capture_time_s: float | None = None,
        trace_context: bytes = b"",
        link: str = "test/given",
    ) -> Any:
        """One message through ``main_logic``; what the next routine gets of it, None where that is nothing.

        A routine that joins its inputs is given a message of each, in the order of their names. Arrays arrive read-only
        and of the type that ``main_logic`` says it takes, as in a flow.

        Raises:
            MessageError: the message, or what was made of it, cannot travel or is not what is taken.
        """
        stepped = self._stepped
        if stepped.is_source:
            raise TypeError(f"cannot give a message to {stepped.setting.name}: it is a source; take some from it")
        self._check_free("give")
        names = stepped.synced.names if stepped.synced else (link,)
        if len(messages) != len(names):
            raise TypeError(f"cannot give {len(messages)} messages: {stepped.setting.name} takes {len(names)} at once")
        now_s = self._await_beat()
        envelope = Envelope(
            link=f"{names[0]} -> {stepped.setting.name}",
            sequence=self._sequence,
            origin=self._sequence,
            attempt=attempt,
            capture_time_s=now_s if capture_time_s is None else capture_time_s,
            publish_time_s=now_s,
            trace_context=trace_context,
        )
        if stepped.synced:
            joined = {name: replace(envelope, link=f"{name} -> {stepped.setting.name}") for name in names}
            envelope = replace(envelope, joined=joined)
        self._sequence += 1
        trail = trace_of(trace_context) if trace_context else NO_TRAIL
        reads = [self._reader_of(each) for each in messages]
        read = (lambda: tuple(each() for each in reads)) if stepped.synced else reads[0]
        return self._arrived(stepped.step(read, envelope, trail))

    def give_all(self, messages: Iterable[Any]) -> list[Any]:
        """Each of them, and all that came of it; tuples, for a routine that joins its inputs."""
        given = (self.give(*each) if self._stepped.synced else self.give(each) for each in messages)
        return [output for output in given if output is not None]

    def take(self, count: int | None = None) -> list[Any]:
        """The next messages of a source, the clock moving by its fps; fewer where it ends; all where no count is said.

        Raises:
            AssertionError: it gives nothing, or does not end.
        """
        most = inf if count is None else count
        taken: list[Any] = []
        calls = 0
        while len(taken) < most and not self._stepped.ended:
            calls += 1
            if calls > MOST_CALLS * max(1, count or 1):
                name, what = self._stepped.setting.name, "never ends" if count is None else "gives nothing"
                raise AssertionError(f"{name} {what}: main_logic was called {calls - 1} times and gave {len(taken)}")
            taken += self._take_one()
        return taken

    def take_for(self, seconds: float) -> list[Any]:
        """What a source with an fps gives in that time; the clock stands at its end then."""
        if not self._stepped.pace.period_s:
            raise ValueError(
                f"cannot take for {seconds} s: {self._stepped.setting.name} has no fps to keep; take(count)"
            )
        until_s = self.clock.now_s + seconds
        taken: list[Any] = []
        while not self._stepped.ended and self.clock.now_s + max(0.0, self._stepped.pace.wait_s()) < until_s:
            taken += self._take_one()
        self.clock.advance(max(0.0, until_s - self.clock.now_s))
        return taken

    def _take_one(self) -> list[Any]:
        if not self._stepped.is_source:
            raise TypeError(f"cannot take from {self._stepped.setting.name}: it is no source; give it messages")
        self._check_free("take")
        self._await_beat()
        output = self._arrived(self._stepped.step())
        return [] if output is None else [output]

    def _await_beat(self) -> float:
        self.clock.advance(max(0.0, self._stepped.pace.wait_s()))
        return self.clock.now_s

    def _reader_of(self, message: Any) -> Callable[[], Any]:
        writable = self.routine.writable
        if self._stepped.setting.publishes:
            parcel = Parcel(message)
            return lambda: parcel.read(writable=writable)
        freeze(message)
        return lambda: deepcopy(message) if writable else message

    def _arrived(self, output: Output | None) -> Any:
        if output is None:
            return None
        return output.message if output.parcel is None else output.parcel.read_as(type(output.message))

    def _check_free(self, what: str) -> None:
        stepped = self._stepped
        if stepped.reactions.paused:
            raise RuntimeError(f"cannot {what}: {stepped.setting.name} is paused, messages would wait; resume it first")
        if stepped.waits_for_author:
            raise AssertionError(
                f"{stepped.setting.name} waits for done(): all {stepped.in_hand} messages that may be in hand are; "
                "make batches smaller, or depth= larger, as the links into it"
            )

    # -- events

    def event(self, event: str, **params: Any) -> Any:
        """Have it handle an event; what its handler returned.

        Raises:
            EventFailed: it has no such handler, does not take these params, or the handler raised.
        """
        self._stepped.reason = None
        self._stepped.put(event, params, wants_answer=True)
        (answer,) = self._stepped.handle_events()
        if answer.error is not None:
            raise EventFailed(answer.error) from self._stepped.reason
        return answer.value

    # -- what became of it

    @property
    def ended(self) -> bool:
        """Whether a source has raised EndOfStream."""
        return self._stepped.ended

    @property
    def published(self) -> int:
        """How many messages it has published, as ``self.published`` has it."""
        return self._stepped.published

    @property
    def events_raised(self) -> list[Raised]:
        """What ``self.notify_event`` was called with: name, targets, params."""
        return self._stepped.raised

    @property
    def failures(self) -> list[Failure]:
        """What failed and was skipped: each with its message's envelope and the exception."""
        return self._stepped.failures

    @property
    def acknowledged(self) -> int:
        """How many messages would not come again after a crash."""
        return self._stepped.acknowledged

    @property
    def waits(self) -> int:
        """How often ``with self.waiting()`` was entered."""
        return self._stepped.waits

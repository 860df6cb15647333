"""One routine's life on its thread: setup, messages, events between them, cleanup.

Whatever an author's code raises is caught here, in ``reactions`` and in ``loader``, and travels no further.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from math import inf
from typing import Any

from pipertd.clock import monotonic_s
from pipertd.errors import MessageError, SegmentError
from pipertd.flow.authored import advice, in_words, leave_if_forked, without_our_frames
from pipertd.flow.pacing import Pace
from pipertd.flow.placed import source_logic
from pipertd.flow.port import Port
from pipertd.flow.reactions import Reactions
from pipertd.flow.routine import EndOfStream, Routine
from pipertd.flow.synced import consumer_logic
from pipertd.flow.synchroniser import Synchroniser
from pipertd.shm import layout as at
from pipertd.shm.bell import TICK_S
from pipertd.shm.hand import Taken
from pipertd.shm.sleeping import NAP_S
from pipertd.shm.slots import Kept
from pipertd.shm.status import Activity, StatusWriter

_WORKING = Activity.WORKING  # to look a member up in its class takes longer than all that is done with it
_SHORT_WAIT_S = 2 * NAP_S  # the last of a wait for a beat: poll knows milliseconds only, a sleep is exact
AUTHOR_PATIENCE_S = 5.0  # how long a batch may be complete without a word that its author does not acknowledge it
_PATIENCE_S = 5.0  # how long a routine that was told to stop goes on waiting for room for its last message, at most


class Outcome(Enum):
    """How a routine's life in this generation ended."""

    ENDED = Activity.ENDED
    STOPPED = Activity.STOPPED
    RESTED = Activity.RESTED
    FAILED = Activity.FAILED


class _Stopped(BaseException):
    """Raised between messages when the flow was told to stop; no author's ``except Exception`` catches it."""


class RoutineLoop:
    """Runs one routine. Everything but ``recover`` and ``stop`` happens on the routine's own thread."""

    def __init__(
        self,
        routine: Routine,
        port: Port,
        status: StatusWriter,
        pace: Pace,
        reactions: Reactions,
        *,
        on_error: str,
        stop_s: float,
        log: logging.Logger,
        say_no_more: Callable[[], None],
        synchroniser: Synchroniser | None = None,
    ) -> None:
        self._routine = routine
        self._port = port
        self._status = status
        self._pace = pace
        self._reactions = reactions
        self._synchroniser = synchroniser
        self._on_error = on_error
        self._patience_s = min(_PATIENCE_S, stop_s / 2)  # then there is time for the clean-up
        self._log = log
        self._sends_nothing = routine.kind == "destination"
        self._is_source = routine.kind == "source"
        self._is_held = synchroniser is not None and self._is_source
        self._declared: list[Activity] = []
        self._stopping = False
        self._stop_told_s = 0.0
        self._say_no_more = say_no_more  # that nothing further is given within the flow
        self._stops_when_empty = False
        self._again: deque[Taken] = deque()  # what the last generation had in hand
        self._author_awaited_s = inf  # when it is said that nothing comes from the author; -inf once it was

    def stop(self) -> None:
        """Take no more messages, finish the one in hand, clean up. The caller rings the bell."""
        if not self._stopping:
            self._stop_told_s = monotonic_s()
            self._stopping = True

    def stop_when_empty(self) -> None:
        """Stop as soon as nothing waits: nothing further comes from within the flow. The caller rings the bell."""
        self._stops_when_empty = True

    def declare_waiting(self, waiting: bool) -> None:
        """For ``with self.waiting()``, which may stand inside another."""
        if waiting:
            self._declared.append(self._status.activity)
            in_setup = self._declared[0] is Activity.SETUP
            self._status.enter(Activity.DECLARED_IN_SETUP if in_setup else Activity.DECLARED)
        else:
            self._status.enter(self._declared.pop())

    def recover(self, kept: Iterable[Kept]) -> None:
        """Put right what the last generation took, see :meth:`Port.recover_input`; before any routine runs."""
        self._again.extend(self._port.recover_input(kept))

    def run(self, done_before: bool) -> Outcome:
        """Live; ``done_before`` says that an earlier generation had cleaned up behind the end of the stream."""
        if done_before:
            self._status.enter(Activity.ENDED)
            return Outcome.ENDED
        self._routine.position = self._port.position
        while True:
            outcome = self._live_once() if self._rest() else Outcome.RESTED
            if self._stopping or outcome is Outcome.ENDED or not self._reactions.rests:
                self._status.enter(outcome.value)
                return outcome

    def _live_once(self) -> Outcome:
        """From setup to cleanup; one that works on demand rests where either failed."""
        if not self._call(Activity.SETUP, self._routine.setup):
            self._reactions.crash()
            return Outcome.FAILED
        outcome = self._serve()
        if outcome is Outcome.ENDED:
            self._port.close()  # before cleanup, so that whoever reads goes on meanwhile
        if not self._call(Activity.CLEANUP, self._routine.cleanup):
            outcome = Outcome.FAILED
        if outcome is not Outcome.FAILED:
            self._port.advance()  # what its author acknowledged there
        return outcome

    def _rest(self) -> bool:
        """Wait until the routine is started, if it has to be; False where its flow is told to stop meanwhile."""
        reactions = self._reactions
        try:
            while reactions.rests:
                if self._stopping or self._stops_when_empty:
                    self._stopping = True
                    return False
                if self._port.open_steps:
                    self._advance()  # what it made before it was stopped
                if not reactions.handle_next():
                    self._idle(self._is_roused, activity=Activity.RESTING)
        except _Stopped:
            self._stopping = True
            return False
        return True

    def _is_roused(self) -> bool:
        return self._stopping or self._stops_when_empty or self._port.may_advance

    def _call(self, activity: Activity, method: Callable[[], None]) -> bool:
        """Whether setup or cleanup went well."""
        self._status.enter(activity)
        try:
            method()
        except Exception as reason:
            what = activity.name.lower()
            self._log.error("%s failed", what, exc_info=without_our_frames(reason))
            self._status.said(f"{what}: {in_words(reason)}")
            return False
        finally:
            leave_if_forked()
        return True

    def _serve(self) -> Outcome:
        if self._port.closed and not self._again:
            return Outcome.ENDED  # an earlier generation said the end and died in cleanup
        try:
            outcome = self._live()
            if outcome is Outcome.ENDED:
                self._port.close_within_flow()
                self._finish()
        except _Stopped:
            outcome = Outcome.STOPPED
        return outcome

    def _live(self) -> Outcome:
        return self._produce(self._routine) if self._is_source else self._consume(self._routine)

    # -- the two kinds of life

    def _produce(self, routine: Any) -> Outcome:
        port, pace, main_logic = self._port, self._pace, source_logic(routine)
        while True:
            self._between_messages()
            if port.open_steps:
                self._advance()
            if pace.period_s:
                pace.beat()
            try:
                ok = self._run(main_logic)
            except EndOfStream:
                return Outcome.ENDED
            if port.open_steps:
                port.end(at.N_DELIVERED)
                self._advance()
            if not ok and self._on_error == "fail":
                return Outcome.FAILED

    def _consume(self, routine: Any) -> Outcome:
        port, again = self._port, self._again
        run, main_logic, read = self._run, consumer_logic(routine), port.read
        while True:
            if again:
                self._between_messages()  # a message that is tried again must not keep events and a stop waiting
                port.resume_again(again.popleft())
            elif not self._await_message():
                return Outcome.ENDED
            if port.must_not_run:
                self._end_without_a_run()
                continue
            while True:
                ok = run(main_logic, read)
                if ok or self._on_error != "retry" or not port.may_try_again():
                    break
                self._between_messages()
            if not ok and self._on_error == "fail":
                port.charge()
                return Outcome.FAILED
            if ok and self._sends_nothing:
                self._status.arrived(port.captured_ns)
            port.end(at.N_DELIVERED if ok else at.N_FAILED)
            if port.open_steps:
                self._advance()

    def _end_without_a_run(self) -> None:
        """The message in hand is poison, or its link was removed."""
        if self._port.poisoned:
            text = self._port.put_aside()
            self._log.error("%s", text)
            self._status.said(text)
        self._port.end(at.N_QUARANTINED if self._port.poisoned else at.N_UNLINKED)
        if self._port.open_steps:
            self._advance()

    def _run(self, main_logic: Callable[..., Any], read: Callable[[], Any] | None = None) -> bool:
        """One call of ``main_logic``: whether it raised nothing, and what it returned can be sent.

        A source's EndOfStream passes through; what a destination returns goes nowhere.
        """
        began_ns, result, ok = self._status.enter(_WORKING), None, True
        try:
            result = main_logic() if read is None else main_logic(read())
        except Exception as reason:
            if isinstance(reason, EndOfStream) and self._is_source:
                raise
            self._say_failure("main_logic", reason)
            ok = False
        finally:
            leave_if_forked()
        self._status.ran(began_ns)
        return ok if result is None or self._sends_nothing else self._send(result, began_ns)

    def _say_failure(self, where: str, reason: Exception) -> None:
        self._status.failed()
        message = self._routine.message
        told = "" if message is None else f" of message {message.sequence} on {message.link}"
        if isinstance(reason, MessageError):  # it says itself what is wrong with which message: our frames add nothing
            self._log.error("%s%s failed: %s", where, told, reason)
        else:
            hint = advice(reason) if told else ""
            self._log.error("%s%s failed%s", where, told, hint, exc_info=without_our_frames(reason))
        self._status.said(f"{where}{told}: {in_words(reason)}")
        reason.__traceback__ = None  # its frames hold the message, and so its slot

    def _send(self, result: Any, began_ns: int) -> bool:
        """Give away what ``main_logic`` returned, waiting for room within the flow; whether it can be sent at all."""
        routine, trace_context = self._routine, b""
        if routine.trace_context:
            trace_context, routine.trace_context = routine.trace_context, b""
        try:
            outgoing = self._port.send(result, routine.position, began_ns, trace_context)
            if outgoing is None:
                return True
        except MessageError as reason:
            self._say_failure("publishing", reason)
            return False
        while self._port.must_wait_within_flow:
            self._advance()
            if self._port.must_wait_within_flow:
                self._wait_to_send(lambda: self._port.may_advance or not self._port.must_wait_within_flow)
        self._port.give(outgoing)
        return True

    def _advance(self) -> None:
        """Publish and acknowledge what is ready, waiting for room on the links to other flows."""
        most = True
        while True:
            try:
                if not self._port.advance():
                    return
            except MessageError as reason:
                self._say_failure("publishing", reason)
                continue
            except SegmentError as reason:  # then the message waits like for any other room
                self._log.error("waiting for shared memory: %s", reason)
                self._status.said(str(reason))
            self._wait_for_room(most)
            most = False

    def _wait_for_room(self, most: bool) -> None:
        """Wait for room on the links to other flows; for ``most`` of it only for a moment.

        A consumer that is quick makes half of the room in that moment, and wakes us once for all of it. One that is
        slow does not, and wakes us for each message.
        """
        self._wait_to_send(self._port.ask_for_room(most=most), NAP_S if most else TICK_S)
        self._port.ask_for_nothing()

    def _finish(self) -> None:
        """Wait until everything that was given within the flow has come to its end."""
        while True:
            self._advance()
            if self._port.all_out:
                return
            self._wait_to_send(lambda: self._port.may_advance)

    # -- waiting, always with an ear for events

    def _await_message(self) -> bool:
        """Whether a message is in hand; False at the end of all inputs."""
        while True:
            self._between_messages()
            if self._port.open_steps:
                self._advance()
            if self._port.take():
                if self._pace.period_s:
                    self._pace.beat()
                if self._synchroniser is not None and self._synchroniser.due:
                    self._synchroniser.look()
                return True
            if self._port.at_end:
                return False
            if self._stops_when_empty and not (self._port.waits_for_author or self._port.has_input()):
                self.stop()  # now, for its producers wait for what it has in hand, and it may wait for its clean-up
                continue
            activity = Activity.IDLE
            if self._port.waits_for_author:
                activity = Activity.AWAITS_DONE
                self._say_author_is_late()
            else:
                self._author_awaited_s = inf
            self._idle(lambda: self._stopping or self._port.has_input() or self._port.may_advance, activity=activity)

    def _say_author_is_late(self) -> None:
        """Say once that nothing can be taken before the author acknowledges a message: it may never happen."""
        now_s = monotonic_s()
        if self._author_awaited_s == inf:
            self._author_awaited_s = now_s + AUTHOR_PATIENCE_S
        elif now_s > self._author_awaited_s:
            self._author_awaited_s = -inf
            self._log.warning(
                "waiting for done(): all %d messages that may be in hand are, and the oldest is not acknowledged; make "
                "batches smaller, or the links into this routine deeper",
                self._port.most_in_hand,
            )

    def _between_messages(self) -> None:
        """Events, stop, pause and pace."""
        reactions = self._reactions
        busy = reactions.waiting or self._stopping or reactions.paused or reactions.rests
        if not (busy or self._pace.period_s or self._is_held):
            return
        while True:
            while reactions.waiting and not reactions.rests:  # a start behind a stop must not undo it
                self._status.enter(Activity.HANDLING)
                self._reactions.handle_next()
            if reactions.rests:
                raise _Stopped
            if self._stopping:
                self._say_no_more()
                self._finish()
                raise _Stopped
            if self._port.open_steps:
                self._advance()  # what was made before must not wait for the next beat, or for the end of a pause
            if self._reactions.paused:
                self._idle(lambda: self._stopping or self._port.may_advance, activity=Activity.PAUSED)
            elif not self._waits_for_beat():
                return

    def _waits_for_beat(self) -> bool:
        """Wait for the next beat, or for news before it; False where it is due."""
        wait_s = self._pace.wait_s()
        if wait_s <= 0:
            return self._look_at_consumers()
        if wait_s > _SHORT_WAIT_S:
            self._idle(lambda: self._stopping or self._port.may_advance, wait_s - _SHORT_WAIT_S)
        else:
            self._status.enter(Activity.IDLE)
            time.sleep(wait_s)
        if wait_s > TICK_S:
            self._look_at_consumers()
        return True

    def _look_at_consumers(self) -> bool:
        """See what a source is held to, if it is time to; whether it has to wait for its beat now.

        When a beat is due, for then the last message should have been taken.
        """
        if not self._is_held or self._synchroniser is None or not self._synchroniser.due:
            return False
        self._synchroniser.look()
        return self._pace.wait_s() > 0

    def _wait_to_send(self, news: Callable[[], bool], timeout_s: float = TICK_S) -> None:
        """Wait with a message that should go out first, also when the flow was told to stop, but not for ever."""
        if self._port.waits_in_vain:
            self._log.warning("stopping with a message that nobody in the flow takes any more: not published")
            raise _Stopped
        left_s = self._stop_told_s + self._patience_s - monotonic_s() if self._stopping else inf
        if left_s <= 0:
            self._log.warning("stopping with a message that found no room for %g s: not published", self._patience_s)
            raise _Stopped
        timeout_s = min(timeout_s, left_s)
        if self._reactions.rests:  # a start behind a stop must not undo it
            self._sleep(lambda: news() or self._port.waits_in_vain, timeout_s, Activity.BLOCKED)
        elif not self._reactions.handle_next():
            self._idle(lambda: news() or self._port.waits_in_vain, timeout_s, Activity.BLOCKED)

    def _idle(self, news: Callable[[], bool], timeout_s: float = TICK_S, activity: Activity = Activity.IDLE) -> None:
        self._sleep(lambda: bool(self._reactions.waiting) or news(), timeout_s, activity)

    def _sleep(self, news: Callable[[], bool], timeout_s: float, activity: Activity) -> None:
        """As :meth:`_idle`, without an ear for events."""
        self._status.enter(activity)
        self._port.sleep_unless(news, timeout_s)
        self._status.beat()

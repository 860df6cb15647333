"""One routine, step by step on the caller's thread, with what a flow runs it by, but without links and threads."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pipertd.clock import NS
from pipertd.flow.authored import without_our_frames
from pipertd.flow.events import Delivery, Inbox
from pipertd.flow.handover import freeze
from pipertd.flow.messages import reader_of, taken_type, taken_types
from pipertd.flow.own_logger import own_logger
from pipertd.flow.pacing import Pace
from pipertd.flow.placed import source_logic
from pipertd.flow.port import check_lendable, check_position
from pipertd.flow.reactions import Reactions
from pipertd.flow.routine import EndOfStream, Envelope, Host, Routine
from pipertd.flow.synced import consumer_logic, synced_of
from pipertd.protocol import Answer, Deliver, Raise, decode_from_flow, decode_to_flow, encode
from pipertd.shm.trail import NO_TRAIL, Trail, trace_of
from pipertd.testing.clock import VirtualClock
from pipertd.testing.parcel import Parcel
from pipertd.testing.setting import Failure, GivenCredentials, Output, Raised, Setting


class _Held:
    """A message that its author acknowledges."""

    def __init__(self) -> None:
        self.done = False


class Stepped:
    """A routine between its steps.

    Attributes:
        synced: how it joins its inputs; then a step's message is a tuple of those of each.
        ended: a source raised EndOfStream.
        failed: the last step failed, for good.
        raised, failures: what ``notify_event`` was called with; what failed and did not end the test.
        acknowledged: how many messages are, in order.
        waits: how often ``with self.waiting()`` was entered.
    """

    def __init__(self, routine: Routine, setting: Setting, clock: VirtualClock) -> None:
        self.routine, self.setting, self.clock = routine, setting, clock
        self.published, self.acknowledged, self.waits = setting.published, 0, 0
        self.ended = self.failed = False
        self.raised: list[Raised] = []
        self.failures: list[Failure] = []
        self._held: deque[_Held] = deque()
        self._envelope: Envelope | None = None
        self._answers: list[Answer] = []
        logger = f"pipertd.routine.{setting.name}"
        self._log = own_logger(logger)
        self._log.addFilter(self._keep_reason)
        self.reason: BaseException | None = None  # what the author's code raised last and a log has
        self.is_source = routine.kind == "source"
        self._logic: Callable[..., Any] = source_logic(routine) if self.is_source else consumer_logic(routine)
        self.synced = synced_of(type(routine))
        self._reader = None if self.is_source else _reader_of(type(routine))
        fps = routine.fps if setting.fps is None else setting.fps
        self.pace = Pace(fps, clock)
        self._inbox = Inbox(lambda: None)
        self.reactions = Reactions(routine, self.pace, self._inbox, self._answers.append, self._log)
        routine.name, routine.flow_name = setting.name, setting.flow
        routine.generation, routine.fps = setting.generation, fps
        routine.logger = logging.getLogger(logger)
        routine.position = setting.position
        routine._host = Host(
            read_published=lambda: self.published,
            raise_event=self._raise_event,
            declare_waiting=self._declare_waiting,
            read_message=lambda: self._envelope,
            lend=_lend,
            credentials=GivenCredentials(setting.named_credentials, setting.credentials),
            change_fps=self.pace.change,
        )

    # -- its steps

    def step(
        self, read: Callable[[], Any] | None = None, envelope: Envelope | None = None, trail: Trail = NO_TRAIL
    ) -> Output | None:
        """One call of ``main_logic``: with the message that ``read`` gives, or of a source; None where it gave nothing.

        What the author's code raises goes to the caller, or where the setting says so into ``failures``.
        """
        held = None
        if envelope is not None and self.is_manual:
            held = _Held()
            self._held.append(held)
            envelope = replace(envelope, _acknowledge=partial(self._acknowledge, held))
        self.pace.beat()
        output = self._run(read, envelope, trail)
        if envelope is not None and held is None:
            self.acknowledged += 1
        if held is not None and self.failed:
            self._acknowledge(held)
        return output

    def _run(self, read: Callable[[], Any] | None, envelope: Envelope | None, trail: Trail) -> Output | None:
        self.failed = False
        while True:
            self._envelope = envelope
            try:
                return self._call(read, trail)
            except Exception as reason:
                if isinstance(reason, EndOfStream) and self.is_source:
                    self.ended = True
                    return None
                if self.setting.on_error == "raise":
                    raise
                self._note(envelope, reason)
            finally:
                self._envelope = None
            if self.setting.on_error != "retry" or envelope is None or envelope.attempt >= self.setting.max_deliveries:
                self.failed = True
                return None
            envelope = replace(envelope, attempt=envelope.attempt + 1)

    def _call(self, read: Callable[[], Any] | None, trail: Trail) -> Output | None:
        if read is None:
            result = self._logic()
        else:
            content = read()
            result = self._logic(content if self._reader is None else self._reader(content))
        return None if result is None or self.routine.kind == "destination" else self._output(result, trail)

    def _output(self, result: Any, trail: Trail) -> Output:
        routine = self.routine
        check_position(routine.position)
        context, routine.trace_context = routine.trace_context, b""
        if self.is_source:
            trail = trace_of(context) if context else NO_TRAIL
        else:
            now_ns = round(self.clock.now_s * NS)
            trail = trail.entered(self.setting.number, now_ns).left(now_ns)
        parcel = Parcel(result) if self.setting.publishes else None
        freeze(result)
        self.published += 1
        return Output(result, parcel, trail)

    def _note(self, envelope: Envelope | None, reason: Exception) -> None:
        told = "" if envelope is None else f" of message {envelope.sequence} on {envelope.link}"
        self._log.error("main_logic%s failed", told, exc_info=without_our_frames(reason))
        self.failures.append(Failure(envelope, reason))

    def _keep_reason(self, record: logging.LogRecord) -> bool:
        self.reason = record.exc_info[1] if record.exc_info else None
        return True

    # -- events

    def put(self, event: str, params: Mapping[str, Any], *, wants_answer: bool = False) -> None:
        """An event for it, as it arrives from the daemon; TypeError or ValueError where it cannot travel."""
        sent = encode(Deliver(request=int(wants_answer), event=event, routines=[self.setting.name], params={**params}))
        arrived = decode_to_flow(sent)
        assert isinstance(arrived, Deliver), "it was one"
        self._inbox.put(Delivery(arrived.request, arrived.event, arrived.params))

    def handle_events(self) -> list[Answer]:
        """Handle all events that wait, and return the answers that are wanted."""
        self._answers.clear()
        while self.reactions.handle_next():
            pass
        return [answer for each in self._answers if isinstance(answer := decode_from_flow(encode(each)), Answer)]

    def _raise_event(self, name: str, targets: Mapping[str, list[str]], params: Mapping[str, Any]) -> None:
        try:
            sent = encode(Raise(routine=self.setting.name, event=name, targets={**targets}, params={**params}))
        except ValueError as reason:
            raise ValueError(f"cannot notify {name!r}: {reason}") from None
        arrived = decode_from_flow(sent)
        assert isinstance(arrived, Raise), "it was one"
        raised = Raised(arrived.event, arrived.targets, arrived.params)
        self.raised.append(raised)
        self.setting.raise_event(raised)

    # -- what is in hand

    @property
    def is_manual(self) -> bool:
        """Whether the author acknowledges."""
        return self.routine.acknowledge == "manual"

    @property
    def in_hand(self) -> int:
        """How many messages wait for their author's ``done()``, or for one before them."""
        return len(self._held)

    @property
    def waits_for_author(self) -> bool:
        """Whether nothing can be taken before the author acknowledges something."""
        return len(self._held) >= self.setting.hands

    def _acknowledge(self, held: _Held) -> None:
        held.done = True
        while self._held and self._held[0].done:
            self._held.popleft()
            self.acknowledged += 1

    def _declare_waiting(self, waiting: bool) -> None:
        self.waits += waiting


def _reader_of(cls: type[Routine]) -> Callable[[Any], Any] | None:
    """What makes of a message what ``main_logic`` takes; of a tuple of messages, where it joins its inputs."""
    synced = synced_of(cls)
    if synced is None:
        return reader_of(taken_type(cls))
    readers = [reader_of(hint) for hint in taken_types(cls, len(synced.names))]

    def read(messages: tuple[Any, ...]) -> tuple[Any, ...]:
        each = zip(readers, messages, strict=True)
        return tuple(message if reader is None else reader(message) for reader, message in each)

    return read


def _lend(shape: tuple[int, ...], dtype: npt.DTypeLike) -> np.ndarray[Any, Any]:
    check_lendable(np.dtype(dtype))
    return np.empty(shape, dtype)

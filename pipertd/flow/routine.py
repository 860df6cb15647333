"""The classes that a pipeline's author derives from: source, middle and destination routines.

Source: the names and the three methods are PipeRT2's.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pipertd.flow.credentials import Credential, Credentials

_LONGEST_CLASS = 50  # of the characters of a name that is made


class EndOfStream(Exception):
    """Raise it from a source's ``main_logic`` to end: the end travels down the links behind the last message."""


class Hop(NamedTuple):
    """A routine that a message came through: when it began with what it made it of, and when it published it.

    ``routine`` is FLOW/ROUTINE; times are seconds on the monotonic clock.
    """

    routine: str
    begin_time_s: float
    publish_time_s: float


@dataclass(frozen=True)
class Envelope:
    """What is known of the message in hand besides its content.

    ``sequence`` numbers it on its link, ``origin`` is its number among all that its producer published, ``attempt`` is
    1 for the first delivery; times are seconds on the monotonic clock. ``hops`` are the middle routines that it came
    through, the last sixteen of ``hop_count``; ``trace_context`` is what its source gave it, 16 bytes or none. Where
    inputs are Synced it is that of the first input's message, and ``joined`` has those of all, by the inputs' names.
    """

    link: str
    sequence: int
    origin: int
    attempt: int
    capture_time_s: float
    publish_time_s: float
    hops: tuple[Hop, ...] = ()
    hop_count: int = 0
    trace_context: bytes = b""
    joined: Mapping[str, Envelope] = field(default_factory=dict, repr=False)
    _acknowledge: Callable[[], None] | None = field(default=None, repr=False, compare=False)

    def done(self) -> None:
        """Acknowledge the message: only for a routine with ``acknowledge = "manual"``, at any time, from any thread.

        Messages are acknowledged in order: one that is done counts when all before it are.
        """
        if self._acknowledge is None:
            raise RuntimeError('cannot acknowledge by hand: the routine does not say acknowledge = "manual"')
        self._acknowledge()


class Host:
    """What the flow lends to a routine; before it runs in one there is none."""

    def __init__(
        self,
        *,
        read_published: Callable[[], int],
        raise_event: Callable[[str, Mapping[str, list[str]], Mapping[str, Any]], None],
        declare_waiting: Callable[[bool], None],
        read_message: Callable[[], Envelope | None] = lambda: None,
        lend: Callable[[tuple[int, ...], npt.DTypeLike], np.ndarray[Any, Any]] = np.empty,
        credentials: Credentials | None = None,
        change_fps: Callable[[float | None], None] = lambda _: None,
    ) -> None:
        self.read_published = read_published
        self.raise_event = raise_event
        self.declare_waiting = declare_waiting
        self.read_message = read_message
        self.lend = lend
        self.credentials = credentials or Credentials()
        self.change_fps = change_fps


class _SameLogger:
    """``self._logger``, as PipeRT2's routines say it: ``self.logger``, unless the author sets another."""

    def __get__(self, routine: Routine | None, owner: type[Routine]) -> logging.Logger:
        return (routine or owner).logger


_made: dict[str, int] = {}


def made_name(cls: type) -> str:
    """A name that no other routine of this process was made; as PipeRT2's are, of its class and a number."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "", cls.__name__).lstrip("_-0123456789")[:_LONGEST_CLASS] or "Routine"
    number = _made.get(plain, 0)
    _made[plain] = number + 1
    return f"{plain}-{number}"


class Routine:
    """One step of user code, on a thread of its own in a flow.

    Attributes:
        name: its name in the pipeline.
        flow_name: the name of its flow.
        generation: which start of its flow this is, from 1.
        fps: how many times a second ``main_logic`` runs at most; None is as fast as the links allow. What a class or a
            constructor sets holds where the definition says nothing.
        position: 64 bits of the routine's own, committed with the message that ``main_logic`` returns next.
        trace_context: of a source: 16 bytes (the trace-id of W3C Trace Context), or none. They travel with the message
            that ``main_logic`` returns next and with all that is made of it: ``self.message.trace_context``.
        acknowledge: a message is acknowledged when ``main_logic`` has returned and its output is out ("auto"), or when
            the author calls ``self.message.done()`` ("manual"), for routines that handle messages in batches. Until
            then it comes again after a crash. So much may wait as the links into the routine are deep.
        writable: whether arrays are received as private copies, to be drawn on; otherwise they are read-only, in place.
        logger: writes records that carry the pipeline's, flow's and routine's name.
    """

    kind: str = ""
    acknowledge: ClassVar[Literal["auto", "manual"]] = "auto"
    writable: ClassVar[bool] = False

    name: str = ""
    flow_name: str = ""
    generation: int = 0
    fps: float | None = None
    position: int = 0
    trace_context: bytes = b""
    logger: logging.Logger = logging.getLogger("pipertd.routine")
    _host: Host | None = None
    _receive: Callable[[Any], Any] | None = None  # of a pipe's data transmitter
    _logger = _SameLogger()

    def __init__(self, name: str | None = None) -> None:
        """``name`` is for a routine of a ``Pipe``; where there is none, one is made. A definition has its own."""
        self.name = name or made_name(type(self))

    def setup(self) -> None:
        """Runs once before the first message of this generation; an exception fails the flow."""

    def cleanup(self) -> None:
        """Runs once behind the last message of this generation, unless the process is killed."""

    @property
    def published(self) -> int:
        """How many messages this routine has published in this run, over all generations of its flow."""
        return self._host.read_published() if self._host else 0

    @property
    def message(self) -> Envelope | None:
        """The envelope of the message in hand; None in a source."""
        return self._host.read_message() if self._host else None

    def loan(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> np.ndarray[Any, Any]:
        """An array in shared memory, to be filled and returned once: its bytes are never copied.

        Its content is whatever was there before. Where no slot is free it is an ordinary array, which is copied when it
        is returned; nothing else differs. Only on the routine's own thread.
        """
        whole = (shape,) if isinstance(shape, int) else tuple(shape)
        return self._host.lend(whole, dtype) if self._host else np.empty(whole, dtype)

    def credential(self, name: str) -> Credential:
        """A secret that this pipeline's definition names and systemd keeps, such as a camera's password.

        Its ``text`` or ``content`` is what is in it; it is not shown where it is printed. It is read from its file at
        each call.

        Raises:
            CredentialMissing: the definition does not name it, or it is not there.
        """
        return (self._host.credentials if self._host else Credentials()).read(name)

    def set_const_fps(self, fps: float | None) -> None:
        """Run ``main_logic`` so many times a second at most; None is as fast as the links allow.

        In a constructor, in ``setup`` or at any time on the routine's own thread. An ``fps`` in the definition comes
        before what a constructor says.

        Source: PipeRT2's method of the same name.
        """
        try:
            fits = fps is None or fps > 0
        except TypeError:
            fits = False
        if not fits:
            raise ValueError(
                f"cannot run {type(self).__name__} {fps!r} times a second: it is a number more than 0, or None"
            )
        self.fps = fps
        if self._host is not None:
            self._host.change_fps(fps)

    def notify_event(self, name: str, targets: Mapping[str, list[str]] | None = None, **params: Any) -> None:
        """Send an event to routines of this pipeline; does not wait for answers.

        Args:
            name: the event's name.
            targets: flow → names of routines, an empty list for all of the flow; None for the whole pipeline.
            params: the handlers' keyword arguments: scalars, strings, bytes, lists and dicts.
        """
        if self._host is None:
            raise RuntimeError(f"cannot notify {name!r}: {type(self).__name__} runs in no flow yet")
        if not isinstance(targets, Mapping | None) or any(isinstance(names, str) for names in (targets or {}).values()):
            raise TypeError(f"cannot notify {name!r}: targets are flow -> list of routines, not {targets!r}")
        self._host.raise_event(name, {flow: list(names) for flow, names in (targets or {}).items()}, params)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Say that a long block inside is no hang: the progress watchdog looks away meanwhile."""
        if self._host is None:
            yield
            return
        self._host.declare_waiting(True)
        try:
            yield
        finally:
            self._host.declare_waiting(False)


class SourceRoutine(Routine):
    """Brings data in: ``main_logic`` returns one message, or None for nothing, or raises EndOfStream."""

    kind = "source"

    def main_logic(self) -> Any:
        """One step: a message to publish, or None."""
        raise NotImplementedError


class MiddleRoutine(Routine):
    """Turns messages into messages: ``main_logic`` takes one and returns one, or None for nothing."""

    kind = "middle"
    if TYPE_CHECKING:
        main_logic: Callable[..., Any]  # where inputs are Synced it takes a message of each
    else:

        def main_logic(self, data: Any) -> Any:
            """One step. Arrays in ``data`` are read-only and stay valid for as long as they are kept."""
            raise NotImplementedError


class DestinationRoutine(Routine):
    """Takes data out: ``main_logic`` takes one message."""

    kind = "destination"
    if TYPE_CHECKING:
        main_logic: Callable[..., Any]  # where inputs are Synced it takes a message of each
    else:

        def main_logic(self, data: Any) -> None:
            """One step. Arrays in ``data`` are read-only and stay valid for as long as they are kept."""
            raise NotImplementedError

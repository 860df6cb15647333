"""Documents of what happened: notices, log records, answers to events, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field, structs

from pipertd.ctl.documents.likeness import document_of

if TYPE_CHECKING:
    from pipertd.client import records


class Notice(Struct, frozen=True):
    """A fact that the daemon recorded, for people in ``message`` and for programs in the rest."""

    epoch: str
    revision: int
    time_s: float
    kind: str
    pipeline: str
    flow: str
    routine: str
    message: str
    details: dict[str, str]
    failure: str | None


class Record(Struct, frozen=True):
    """One log record, or with source ``output`` one printed line; ``--cursor`` goes on behind it."""

    time_s: float
    level: int
    pipeline: str
    flow: str
    routine: str
    generation: int
    logger: str
    message: str
    fields: dict[str, Any]
    exception: str
    source: str
    cursor: str


class Answer(Struct, frozen=True):
    """What one routine made of an event; ``value`` counts where ``error`` is null."""

    flow: str
    routine: str
    value: Any
    error: str | None
    deadline_exceeded: bool


class Parameter(Struct, frozen=True):
    """A parameter of an event; ``type`` is as the author wrote it, or empty."""

    name: str
    type: str
    optional: bool


class Handler(Struct, frozen=True):
    """What one routine does with one event; with ``takes_more`` it takes parameters of any other name too."""

    flow: str
    routine: str
    event: str
    parameters: list[Parameter]
    takes_more: bool
    description: str


class Handlers(Struct, frozen=True):
    """Who handles what; ``silent`` says of flows by name why nothing is known of them now."""

    handlers: list[Handler]
    silent: dict[str, str]


class PutAside(Struct, frozen=True):
    """A message in quarantine; ``length`` is 0 where its content could not be kept."""

    id: str
    pipeline: str
    flow: str
    routine: str
    link: str
    sequence: int
    origin: int
    attempts: int
    deaths: int
    captured_s: float
    time_s: float
    reason: str
    class_path: str = field(name="class")
    params: dict[str, Any]
    path: list[str]
    python: str
    body_offset: int
    length: int


class PutAsideInFull(PutAside, frozen=True):
    """The same with the stacks of its routine's last death, and the message, whose arrays lie in files."""

    stacks: str
    message: Any


class Picture(Struct, frozen=True):
    """A picture of a message: its size in pixels, and where in the message the array was."""

    width: int
    height: int
    path: str


class Passed(Struct, frozen=True):
    """A message that passed on a link; ``message`` has its arrays in figures, and is null beside a picture."""

    sequence: int
    captured_s: float
    skipped: int
    overtaken: int
    length: int
    message: Any
    picture: Picture | None
    omitted: str | None
    file: str | None


def put_aside_in_full(message: records.PutAside, content: Any) -> PutAsideInFull:
    """A message in quarantine with all that is known of it."""
    listed = structs.asdict(document_of(message, PutAside))
    return PutAsideInFull(**listed, stacks=message.stacks, message=content)


def passed_document(passed: records.Passed, file: str | None, message: Any) -> Passed:
    """A message that passed."""
    return Passed(
        sequence=passed.sequence,
        captured_s=passed.captured_s,
        skipped=passed.skipped,
        overtaken=passed.overtaken,
        length=passed.length,
        message=message,
        picture=document_of(passed.picture, Picture) if passed.picture else None,
        omitted=passed.omitted or None,
        file=file,
    )

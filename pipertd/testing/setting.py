"""What a flow would tell a routine, said by a test; and what a routine tells a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pipertd.errors import CredentialMissing, PipertdError
from pipertd.flow.credentials import Credential, Credentials
from pipertd.flow.routine import Envelope
from pipertd.names import nearest
from pipertd.shm.trail import Trail
from pipertd.testing.parcel import Parcel

OnError = Literal["raise", "skip", "retry"]


class EventFailed(PipertdError):
    """Raised when a routine answers an event with an error; caused by what its handler raised, if it did."""


class Raised(NamedTuple):
    """An event that a routine raised by ``notify_event``; no targets are the whole pipeline."""

    name: str
    targets: Mapping[str, list[str]]
    params: Mapping[str, Any]


class Failure(NamedTuple):
    """A step that failed: the envelope of its message, None in a source, and what was raised."""

    message: Envelope | None
    reason: Exception


class Output(NamedTuple):
    """What a step gave: the message as it was returned, and as it travels; no parcel where it stays in its flow."""

    message: Any
    parcel: Parcel | None
    trail: Trail


@dataclass(kw_only=True)
class Setting:
    """What a flow would tell a routine."""

    name: str = "routine"
    flow: str = "flow"
    generation: int = 1
    fps: float | None = None
    on_error: OnError = "raise"
    max_deliveries: int = 3
    hands: int = 6
    position: int = 0
    published: int = 0
    publishes: bool = True  # to another flow, so that what is returned has to travel
    credentials: Mapping[str, str | bytes] = field(default_factory=dict)
    named_credentials: tuple[str, ...] | None = None
    number: int = 0
    raise_event: Callable[[Raised], None] = lambda _: None


class GivenCredentials(Credentials):
    """Credentials out of a test."""

    def __init__(self, named: tuple[str, ...] | None, given: Mapping[str, str | bytes]) -> None:
        super().__init__(named)
        self._given = given

    def read(self, name: str) -> Credential:
        """The credential; CredentialMissing where the definition does not name it, or the test does not give it."""
        if self._named is not None and name not in self._named:
            return super().read(name)  # which says so
        if name not in self._given:
            raise CredentialMissing(f"cannot read credential {name}: the test gives none{nearest(name, self._given)}")
        value = self._given[name]
        return Credential(name, value.encode() if isinstance(value, str) else value)

"""What a call is refused for at the boundary, before the supervisor hears of it."""

from __future__ import annotations

from pipertd.errors import PipertdError


class TooManyStreams(PipertdError):
    """Raised when no more streams may be opened."""


class TooManyTaps(PipertdError):
    """Raised when no more links may be looked at."""


class TooManyCalls(PipertdError):
    """Raised when no more calls may be made at once."""


class BadRequest(PipertdError):
    """Raised when a request says what cannot be meant."""


class RequestTooLarge(PipertdError):
    """Raised when one request has more bytes than any may have."""


class UnknownRpc(PipertdError):
    """Raised when something is called that this daemon does not have; it may be older than its client."""

    def __init__(self, method: str) -> None:
        super().__init__(f"cannot call {method}: this daemon has no such rpc; it may be older than its client")
        self.method = method


class UnknownService(PipertdError):
    """Raised when the health of something is asked that is not there."""

    def __init__(self, service: str) -> None:
        super().__init__(f"cannot tell the health of {service!r}: there is no such service")
        self.service = service

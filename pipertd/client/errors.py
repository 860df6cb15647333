"""What a call can end with instead of its answer.

A caller decides by class and attribute, never by text. Where no class below ClientError fits, ``reason`` tells more.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipertd.errors import PipertdError


class ClientError(PipertdError):
    """Raised when the daemon refuses or fails.

    Attributes:
        code: gRPC's name of what happened (``NOT_FOUND``).
        reason: the daemon's name of it (``UNKNOWN_TARGET``); empty where no daemon spoke.
        metadata: the object that it is about, by name.
    """

    def __init__(self, message: str, code: str, reason: str = "", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.metadata = code, reason, dict(metadata or {})


class Unreachable(ClientError):
    """Raised when no daemon answers at the address, or the one that did is gone.

    Attributes:
        is_there: somebody is known to be there, who did not take the call.
    """

    def __init__(
        self,
        message: str,
        code: str,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        *,
        is_there: bool = False,
    ) -> None:
        super().__init__(message, code, reason, metadata)
        self.is_there = is_there or bool(reason)


class Closed(ClientError):
    """Raised when something is asked of a client that was closed, or waited for when it was."""


class DeadlineExceeded(ClientError):
    """Raised when the daemon did not answer in time. What was asked may still be done."""


class NoRoom(ClientError):
    """Raised when the daemon has no room for it now: for a stream, a call, a look at a link, shared memory."""


class NotFound(ClientError):
    """Raised when there is nothing of that name."""


class WrongState(ClientError):
    """Raised when something cannot be done to a pipeline or flow in the state that it is in."""


class NotPermitted(ClientError):
    """Raised when the caller's role may not do this, or the daemon knows no role for its certificate."""


class RevisionTooOld(ClientError):
    """Raised when notices are asked for that are no longer kept: take a new snapshot, and watch behind it."""

    @property
    def oldest(self) -> int:
        """The oldest revision that is kept; 0 where the daemon does not say."""
        return int(self.metadata.get("oldest", 0))

    @property
    def newest(self) -> int:
        """The newest revision; 0 where the daemon does not say."""
        return int(self.metadata.get("newest", 0))

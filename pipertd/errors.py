"""Every error that pipertd raises on purpose.

A text says "cannot X: Y", with the object in X and the cause in Y; attributes, never text, are what code decides by.
"""

from __future__ import annotations

from collections.abc import Sequence


class PipertdError(Exception):
    """Raised when pipertd cannot do what was asked; the parent of all below."""


class SettingsError(PipertdError):
    """Raised when the daemon's own settings cannot be used."""


class SegmentError(PipertdError):
    """Raised when shared memory cannot be made, mapped or reserved."""


class LayoutMismatch(SegmentError):
    """Raised when a segment was made by a pipertd with another byte format."""


class LedgerInUse(SegmentError):
    """Raised when another living process still writes a routine's ledger."""


class MessageError(PipertdError):
    """Raised when a routine returned something that cannot travel on a link."""


class MessageTooLarge(MessageError):
    """Raised when one message is larger than its routine's pool."""


class LoadError(PipertdError):
    """Raised when a routine's class cannot be imported, is of the wrong kind, or refuses its params."""


class UnknownTarget(PipertdError):
    """Raised when a pipeline, flow or routine of that name does not exist."""

    def __init__(self, target: object, known: Sequence[str] = ()) -> None:
        names = f" (there are: {', '.join(known)})" if known else ""
        super().__init__(f"cannot find {target}: no such name{names}")
        self.target = str(target)


class UnknownMessage(PipertdError):
    """Raised when no message of that name is in quarantine."""

    def __init__(self, name: str) -> None:
        super().__init__(f"cannot find message {name}: it is not in quarantine")
        self.message = name


class WrongState(PipertdError):
    """Raised when something cannot be done to a pipeline or flow in the state that it is in."""

    def __init__(self, action: str, target: object, state: str) -> None:
        super().__init__(f"cannot {action} {target}: it is {state}")
        self.action, self.target, self.state = action, str(target), state


class NotDelegated(PipertdError):
    """Raised when there is no cgroup that the daemon may divide among its flows."""


class InvalidDefinition(PipertdError):
    """Raised when the definition that somebody asks for could not be loaded."""


class LinkExists(PipertdError):
    """Raised when a link is to be drawn that is there."""


class LaunchFailed(PipertdError):
    """Raised when a flow's process cannot be started at all."""


class ManifestError(PipertdError):
    """Raised when what a daemon left on record of a run cannot be read or used: that run is lost."""


class RevisionTooOld(PipertdError):
    """Raised when a watcher asks for notices that are no longer kept."""

    def __init__(self, asked: int, oldest: int, why: str) -> None:
        super().__init__(f"cannot continue after revision {asked}: {why}; take a new snapshot")
        self.asked, self.oldest = asked, oldest


class DirectoryInUse(PipertdError):
    """Raised when another daemon holds the runtime directory."""

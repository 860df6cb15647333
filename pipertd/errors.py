"""Errors that more than one package knows; those of one package stand beside what raises them.

A text says "cannot X: Y", with the object in X and the cause in Y; attributes, never text, are what code decides by.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

_LACKS = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ENOSPC)


class PipertdError(Exception):
    """Raised when pipertd cannot do what was asked; the parent of all below."""


class SettingsError(PipertdError):
    """Raised when the daemon's own settings cannot be used."""


class CertificateError(PipertdError):
    """Raised when a certificate or its key cannot be used."""


class SegmentError(PipertdError):
    """Raised when shared memory cannot be made, mapped or reserved."""


class LayoutMismatch(SegmentError):
    """Raised when a segment was made by a pipertd with another byte format."""


class LedgerInUse(SegmentError):
    """Raised when another living process still writes a routine's ledger."""


class MessageError(PipertdError):
    """Raised when something cannot travel: on a link, or as the parameters of an event."""


class MessageTooLarge(MessageError):
    """Raised when one message is larger than its routine's pool."""


class LoadError(PipertdError):
    """Raised when a routine's class cannot be imported, is of the wrong kind, or refuses its params."""


class CredentialMissing(PipertdError):
    """Raised when a routine asks for a credential that it cannot have."""


class UnknownTarget(PipertdError):
    """Raised when a pipeline, flow or routine of that name does not exist."""

    def __init__(self, target: object, known: Sequence[str] = ()) -> None:
        names = f" (there are: {', '.join(known)})" if known else ""
        super().__init__(f"cannot find {target}: no such name{names}")
        self.target = str(target)


class StillLoading(PipertdError):
    """Raised when nothing of that name exists yet, while the daemon reads its definitions for the first time."""

    def __init__(self, target: object) -> None:
        super().__init__(f"cannot find {target} yet: the definitions are still being loaded")
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


class NoTap(PipertdError):
    """Raised when a link cannot be looked at, because its messages lie in no shared memory."""

    def __init__(self, link: object) -> None:
        super().__init__(
            f"cannot tap {link}: it lies within one flow, where messages pass by reference and nobody else sees them; "
            "tap a link that leaves the flow"
        )
        self.link = str(link)


class TapEnded(PipertdError):
    """Raised when there is nothing more to look at: the link or the run is gone, or the process that looked died."""


class NotDelegated(PipertdError):
    """Raised when there is no cgroup that the daemon may divide among its flows."""


class LogsUnreadable(PipertdError):
    """Raised when the system's journal cannot be read: it says so itself, or there is nothing to read it with."""

    def __init__(self, why: str) -> None:
        super().__init__(f'cannot read logs from the journal: {why} (with logs = "file" the daemon does without it)')


class InvalidDefinition(PipertdError):
    """Raised when the definition that somebody asks for could not be loaded."""


class LinkExists(PipertdError):
    """Raised when a link is to be drawn that is there."""


class LaunchFailed(PipertdError):
    """Raised when a process cannot be started."""

    @property
    def may_pass(self) -> bool:
        """Whether the machine lacks what it may have in a moment: descriptors, processes, memory, room on a disk."""
        cause = self.__cause__
        return isinstance(cause, RuntimeError) or (isinstance(cause, OSError) and cause.errno in _LACKS)


class ManifestError(PipertdError):
    """Raised when what a daemon left on record of a run cannot be read or used: that run is lost."""


class RevisionTooOld(PipertdError):
    """Raised when a watcher asks for notices that are no longer kept, or were never recorded in this ``epoch``.

    ``oldest`` and ``newest`` are the revisions that can be had.
    """

    def __init__(self, asked: int, oldest: int, newest: int, epoch: str, why: str) -> None:
        super().__init__(f"cannot continue after revision {asked}: {why}; take a new snapshot")
        self.asked, self.oldest, self.newest, self.epoch = asked, oldest, newest, epoch


class DirectoryInUse(PipertdError):
    """Raised when another daemon holds the runtime directory."""


def cause_of(error: OSError) -> str:
    """What the system says of an error, as it stands behind a colon: ``no such file or directory``."""
    return (error.strerror or str(error)).lower()

"""Exit codes, and how an error ends a command: one line on stderr."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

from pipertd.errors import CertificateError, cause_of
from pipertd.harmless import harmless

if TYPE_CHECKING:
    from pipertd.client import Client, ClientError
    from pipertd.ctl.settings import Settings


INTERRUPTED = 130  # by Ctrl-C, as of any command
NOBODY_READS = 128 + signal.SIGPIPE  # as of any command that `head` has had enough of


class Exit(IntEnum):
    """What a command's exit status means; part of the public contract."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    NOT_FOUND = 4
    INVALID_DEFINITION = 5
    WRONG_STATE = 6
    NOT_PERMITTED = 7
    DEADLINE = 8


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "failed: the daemon or a routine refused, and no code below fits",
    Exit.USAGE: "the command line cannot be understood",
    Exit.UNREACHABLE: "the daemon cannot be reached",
    Exit.NOT_FOUND: "there is no such pipeline, flow or routine, or no such message in quarantine",
    Exit.INVALID_DEFINITION: "a definition is invalid",
    Exit.WRONG_STATE: "not possible in this state",
    Exit.NOT_PERMITTED: "not permitted",
    Exit.DEADLINE: "the deadline passed before all had answered",
    INTERRUPTED: "interrupted; what holds it then is given up after 10 s",
    NOBODY_READS: "nobody reads the output any more",
}
_BY_CODE = {
    "UNAVAILABLE": Exit.UNREACHABLE,
    "NOT_FOUND": Exit.NOT_FOUND,
    "INVALID_ARGUMENT": Exit.USAGE,
    "FAILED_PRECONDITION": Exit.WRONG_STATE,
    "ALREADY_EXISTS": Exit.WRONG_STATE,
    "PERMISSION_DENIED": Exit.NOT_PERMITTED,
    "UNAUTHENTICATED": Exit.NOT_PERMITTED,
    "DEADLINE_EXCEEDED": Exit.DEADLINE,
}
_BY_REASON = {"INVALID_DEFINITION": Exit.INVALID_DEFINITION, "TAP_ENDED": Exit.WRONG_STATE}
_ADVICE = {
    Exit.UNREACHABLE: "is it running? --address names another",
    Exit.NOT_FOUND: "`pipertctl status` shows what there is",
}
_ADVICE_OVER_TCP = "over TCP it takes --ca, --cert and --key, which `pipertctl tls init` makes"
_ADVICE_BY_REASON = {
    "UNKNOWN_MESSAGE": "`pipertctl quarantine list` shows all",
    "TAP_ENDED": "`pipertctl status` shows what became of it",
    "STILL_LOADING": "try again in a moment",
    "REVISION_TOO_OLD": "`--from 1` begins with the oldest that is kept",
}


def fail(message: str, code: Exit, reason: str = "", advice: str | None = None) -> SystemExit:
    """Say one line on stderr; raise what this returns.

    Args:
        message: what cannot be done, and why.
        code: how the command ends.
        reason: that of the daemon's error, where it is one.
        advice: what to do, where more is known than the code and the reason tell; empty if there is nothing to say.
    """
    advice = _ADVICE_BY_REASON.get(reason, _ADVICE.get(code, "")) if advice is None else advice
    print(f"pipertctl: {harmless(' '.join(message.split()))}{f' ({advice})' if advice else ''}", file=sys.stderr)
    return SystemExit(int(code))


def denied(what: str, reason: OSError, place: object = "") -> SystemExit:
    """Say ``cannot WHAT`` where the system is against it, with the file, or the ``place`` if none is named."""
    code = Exit.NOT_PERMITTED if isinstance(reason, PermissionError) else Exit.FAILED
    return fail(f"cannot {what}: {reason.filename or place}: {cause_of(reason)}", code)


def _advice(error: ClientError, settings: Settings) -> str | None:
    """What to do about a daemon that is not reached; None where that is all that is known of it, or it was reached."""
    from pipertd.client import Unreachable

    if not isinstance(error, Unreachable) or error.reason in _ADVICE_BY_REASON:
        return None
    if error.reason or settings.is_local or settings.ca:
        return "" if error.is_there else None
    return _ADVICE_OVER_TCP if error.is_there else f"is it running? {_ADVICE_OVER_TCP}"


@contextmanager
def talking(settings: Settings) -> Iterator[Client]:
    """A client of the daemon; what it refuses ends the command with the right exit code."""
    from pipertd.client import Client, ClientError

    try:
        with Client(settings.address, tls=settings.tls()) as client:
            yield client
    except ClientError as error:
        code = _BY_REASON.get(error.reason) or _BY_CODE.get(error.code, Exit.FAILED)
        raise fail(str(error), code, error.reason, _advice(error, settings)) from None
    except CertificateError as error:
        raise fail(str(error), Exit.FAILED) from None
    except ValueError as error:  # a target that is none
        raise fail(str(error), Exit.USAGE) from None

"""Exit codes, and how an error ends a command: one line on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipertd.client import Client


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
_BY_REASON = {"INVALID_DEFINITION": Exit.INVALID_DEFINITION}
_ADVICE = {
    Exit.UNREACHABLE: "is it running? name its socket with --address",
    Exit.NOT_FOUND: "`pipertctl status` shows what there is",
}
_ADVICE_BY_REASON = {"UNKNOWN_MESSAGE": "`pipertctl quarantine list` shows all"}


def fail(message: str, code: Exit, reason: str = "") -> SystemExit:
    """Say one line on stderr; raise what this returns. ``reason`` is that of the daemon's error, where it is one."""
    advice = _ADVICE_BY_REASON.get(reason) or _ADVICE.get(code)
    print(f"pipertctl: {' '.join(message.split())}{f' ({advice})' if advice else ''}", file=sys.stderr)
    return SystemExit(int(code))


@contextmanager
def talking(address: str) -> Iterator[Client]:
    """A client of the daemon; what it refuses ends the command with the right exit code."""
    from pipertd.client import Client, ClientError

    try:
        with Client(address) as client:
            yield client
    except ClientError as error:
        code = _BY_REASON.get(error.reason) or _BY_CODE.get(error.code, Exit.FAILED)
        raise fail(str(error), code, error.reason) from None
    except ValueError as error:  # a target that is none
        raise fail(str(error), Exit.USAGE) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None

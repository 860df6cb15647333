"""What is found wrong, and the command that mends it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is."""

    FAULT = "fault"  # something does not work
    RISK = "risk"  # it works until a bad day
    NOTE = "note"  # nothing of the machine is wrong; worth a look


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        subject: what was looked at, such as ``shared memory``; stable.
        what: one line, what was found.
        why: one line, what comes of it.
        command: what mends it, for a shell; comments in it say what a person has to decide.
    """

    severity: Severity
    subject: str
    what: str
    why: str
    command: str


def as_root(*lines: str) -> str:
    """The command with ``sudo`` where it would be refused otherwise."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return " && ".join(f"{sudo}{line}" for line in lines)


def quoted(words: Sequence[object]) -> str:
    """Words as a shell reads them."""
    return " ".join(shlex.quote(str(word)) for word in words)

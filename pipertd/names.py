"""Names of pipelines, flows, routines and policies, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

NAME_PATTERN = r"[A-Za-z][A-Za-z0-9_-]{0,62}"
_LONGEST_MISTAKE = 255  # characters: comparing takes the square of them
_NAME = re.compile(NAME_PATTERN)


def is_name(text: str) -> bool:
    """Whether ``text`` may name a pipeline, flow or routine."""
    return _NAME.fullmatch(text) is not None


def nearest(wrong: str, valid: Iterable[str]) -> str:
    """``" (did you mean 'motion'?)"`` where a valid name is close, else the empty string."""
    import difflib  # here: who makes no mistake needs it not

    if len(wrong) > _LONGEST_MISTAKE:
        return ""
    close = difflib.get_close_matches(wrong, list(valid), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


@dataclass(frozen=True, order=True)
class RoutineRef:
    """One routine of a pipeline."""

    flow: str
    routine: str

    def __str__(self) -> str:
        return f"{self.flow}/{self.routine}"


@dataclass(frozen=True)
class Target:
    """What a command is aimed at, written ``PIPELINE[/FLOW[/ROUTINE]]``."""

    pipeline: str
    flow: str | None = None
    routine: str | None = None

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``street``, ``street/analyse`` or ``street/analyse/motion``.

        Raises:
            ValueError: a part is missing or is no name.
        """
        parts = text.split("/")
        if not 1 <= len(parts) <= 3 or not all(is_name(part) for part in parts):
            raise ValueError(f"cannot read target {text!r}: it is written PIPELINE[/FLOW[/ROUTINE]]")
        return cls(*parts)

    def __str__(self) -> str:
        return "/".join(part for part in (self.pipeline, self.flow, self.routine) if part)

    def covers(self, pipeline: str, flow: str | None = None, routine: str | None = None) -> bool:
        """Whether the named thing is this target or lies inside it."""
        return (
            pipeline == self.pipeline
            and (self.flow is None or flow == self.flow)
            and (self.routine is None or routine == self.routine)
        )


class Policy(StrEnum):
    """What a full link does."""

    WAIT = "wait"
    DROP_OLDEST = "drop_oldest"
    DROP_NEWEST = "drop_newest"

"""Documents of definitions: what is wrong with them, and what becomes of a change."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One mistake; ``path`` is the way to it inside the definition."""

    file: str
    line: int
    column: int
    path: str
    text: str


class Valid(Struct, frozen=True):
    """A definition without a mistake."""

    pipeline: str
    file: str


class Check(Struct, frozen=True):
    """What became of the files that were checked."""

    valid: list[Valid]
    problems: list[Problem]


class FlowPlan(Struct, frozen=True):
    """One flow: unchanged, adjusted, restarted, added or removed, and the keys that differ."""

    flow: str
    action: str
    keys: list[str]


class Plan(Struct, frozen=True):
    """One pipeline; ``new_run`` has the changes for which it begins a new run."""

    pipeline: str
    action: str
    keys: list[str]
    new_run: list[str]
    flows: list[FlowPlan]


class Reload(Struct, frozen=True):
    """What was done, or would be; where there are problems, why nothing is."""

    plans: list[Plan]
    problems: list[Problem]

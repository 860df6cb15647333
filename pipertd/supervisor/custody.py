"""Custody: what keeps the memory of a run alive where the daemon and all of its flows may die at once.

Descriptors go with whoever holds them. Only somebody beside the daemon and its flows can keep them over that, and give
them to the next daemon at its start. There is nobody, unless a service manager is (see ``daemon/descriptor_store``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from pipertd.supervisor.procfs import Identity


class RunName(NamedTuple):
    """Which run of which pipeline."""

    pipeline: str
    run: str


class Custody:
    """Nobody's: nothing is kept, and nothing was."""

    def keep(self, name: RunName, fds: Collection[int]) -> None:
        """Have these outlive this process; what is kept already stays so. They stay the caller's, too."""

    def take(self, wanted: set[Identity]) -> dict[Identity, int] | None:
        """What was kept over the death of the last daemon, all of it or nothing; the caller has to close it."""

    def let_go(self, name: RunName) -> None:
        """Keep nothing of a run any longer: its memory is free as soon as nobody else holds it."""

    def keep_only(self, names: Collection[RunName]) -> None:
        """Let go of whatever the last daemon had kept for other runs than these."""

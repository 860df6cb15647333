"""The standby of a flow: a second process that has imported all its code, to take over at once.

It is no generation before it takes over, and is not shown as one. Where it dies by itself, its flow goes on without and
gets another one with its next generation.
"""

from __future__ import annotations

from collections.abc import Callable

from pipertd.supervisor.attendant import Attendant
from pipertd.supervisor.gate import Waiting
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.restart import Ending
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.spawn import Spawner


class Standby:
    """The standby of one flow, if one lives."""

    def __init__(
        self,
        spawner: Spawner,
        *,
        on_change: Callable[[], None],
        on_over: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """``on_over`` is called when one that was ended is dead, ``on_failure`` when one cannot be had or died."""
        self._spawner = spawner
        self._on_over = on_over
        self._on_failure = on_failure
        self._process = Attendant(on_change=on_change, on_end=self._ended, on_failure=on_failure)

    @property
    def lives(self) -> bool:
        """Whether one is there to take over."""
        return self._process.lives

    def record(self) -> ProcessRecord | None:
        """Which process it is, for the next daemon."""
        return self._process.record()

    def begin(self, generation: int, segments: PipelineSegments) -> None:
        """Have one, for when ``generation`` dies; does nothing where there is one."""
        if not self._process.is_there:
            self._process.begin(self._spawner.generation(generation + 1, segments))

    def adopt(self, left: Waiting | None) -> None:
        """End one that a daemon before this one had."""
        self._process.adopt(left)

    async def hand_over(self) -> Waiting | None:
        """Give the process away, to be the flow's next generation; None where there is none that can be."""
        return await self._process.give_away()

    def end(self) -> bool:
        """Whether a process still has to die: it is not needed any more."""
        return self._process.end()

    def _ended(self, ending: Ending | None) -> None:
        if ending is None:
            self._on_over()
        else:
            self._on_failure(f"it {ending}")

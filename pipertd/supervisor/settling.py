"""The process that settles what a flow left while it has no successor.

It is no generation of the flow: it runs no code of an author's, is not shown, and its end is no flow's. It is over when
nobody reads through the flow any more, when a successor is to be launched, at the end of the run, and with the daemon.
"""

from __future__ import annotations

from collections.abc import Callable

from pipertd.supervisor.attendant import Attendant
from pipertd.supervisor.gate import Waiting
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.restart import Ending
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.spawn import Spawner


class Settling:
    """What is to be settled of one flow, and the process that does it, if one lives."""

    def __init__(
        self,
        spawner: Spawner,
        *,
        on_change: Callable[[], None],
        on_over: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """``on_over`` is called when the process is dead, ``on_failure`` before, if it did not end as it should."""
        self._spawner = spawner
        self._on_over = on_over
        self._on_failure = on_failure
        self._is_due = False
        self._process = Attendant(on_change=on_change, on_end=self._ended, on_failure=on_failure)

    def expect(self) -> None:
        """A generation is launched: whatever it leaves is to be settled."""
        self._is_due = True

    def record(self) -> ProcessRecord | None:
        """Which process settles, for the next daemon."""
        return self._process.record()

    def begin(self, generation: int, segments: PipelineSegments) -> None:
        """Settle what ``generation`` left, if it left something and nobody did so before."""
        if not self._is_due or self._process.is_there:
            return
        self._is_due = False
        if not segments.left_whole(self._spawner.flow.name):
            self._process.begin(self._spawner.settling(generation, segments))

    def adopt(self, left: Waiting | None) -> None:
        """End one that a daemon before this one had; what the flow left is still to be settled."""
        self._is_due = True
        self._process.adopt(left)

    def end(self) -> bool:
        """Whether a process still settles. It is killed, as a recovery may die at any store; its death is news."""
        has_to_die = self._process.end()
        self._is_due = self._is_due or has_to_die
        return has_to_die

    def forget(self) -> None:
        """The run is over: nothing is to be settled any more."""
        self._is_due = False

    def _ended(self, ending: Ending | None) -> None:
        if ending not in (None, Ending(0)):
            self._on_failure(f"it {ending}")
        self._on_over()

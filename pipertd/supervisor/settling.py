"""The process that settles what a flow left while it has no successor.

It is no generation of the flow: it runs no code of an author's, is not shown, and its end is no flow's. It is over when
nobody reads through the flow any more, when a successor is to be launched, at the end of the run, and with the daemon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipertd.definition.model import Flow, Pipeline
from pipertd.errors import LaunchFailed
from pipertd.supervisor.launch import Process
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.restart import Ending
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.spawn import Surroundings, spawn_settling


class Settling:
    """What is to be settled of one flow, and the process that does it, if one lives."""

    def __init__(
        self,
        pipeline: Pipeline,
        flow: Flow,
        shared: Surroundings,
        *,
        on_over: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """``on_over`` is called when the process is dead, ``on_failure`` before, if it did not end as it should."""
        self._pipeline = pipeline
        self._flow = flow
        self._shared = shared
        self._on_over = on_over
        self._on_failure = on_failure
        self._is_due = False
        self._is_unwanted = False
        self._process: Process | None = None

    def expect(self) -> None:
        """A generation is launched: whatever it leaves is to be settled."""
        self._is_due = True

    def record(self) -> ProcessRecord | None:
        """Which process settles, for the next daemon."""
        return self._process.record() if self._process else None

    def begin(self, generation: int, segments: PipelineSegments) -> None:
        """Settle what ``generation`` left, if it left something and nobody did so before."""
        if not self._is_due or self._process is not None:
            return
        self._is_due = self._is_unwanted = False
        if segments.left_whole(self._flow.name):
            return
        try:
            self._process = spawn_settling(self._pipeline, self._flow, generation, segments, self._shared)
        except LaunchFailed as reason:
            self._on_failure(str(reason))
        else:
            asyncio.get_running_loop().add_reader(self._process.pidfd, self._bury)

    def end(self) -> bool:
        """Whether a process still settles. It is killed, as a recovery may die at any store; its death is news."""
        if self._process is None:
            return False
        self._is_due = self._is_unwanted = True
        self._process.kill_group()
        return True

    def forget(self) -> None:
        """The run is over: nothing is to be settled any more."""
        self._is_due = False

    def _bury(self) -> None:
        assert self._process is not None
        asyncio.get_running_loop().remove_reader(self._process.pidfd)
        ending, self._process = self._process.bury(), None
        if ending != Ending(0) and not self._is_unwanted:
            self._on_failure(f"it {ending}")
        self._on_over()

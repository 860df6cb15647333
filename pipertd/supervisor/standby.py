"""The standby of a flow: a second process that has imported all its code, to take over at once.

It is no generation before it takes over, and is not shown as one. Where it dies by itself, its flow goes on without and
gets another one with its next generation.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pipertd.definition.model import Flow, Pipeline
from pipertd.errors import LaunchFailed
from pipertd.supervisor.gate import Waiting
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.spawn import Surroundings, spawn_flow


class Standby:
    """The standby of one flow, if one lives."""

    def __init__(
        self,
        pipeline: Pipeline,
        flow: Flow,
        shared: Surroundings,
        *,
        on_over: Callable[[], None],
        on_failure: Callable[[str], None],
    ) -> None:
        """``on_over`` is called when one that was ended is dead, ``on_failure`` when one cannot be had or died."""
        self._pipeline = pipeline
        self._flow = flow
        self._shared = shared
        self._on_over = on_over
        self._on_failure = on_failure
        self._waiting: Waiting | None = None
        self._is_unwanted = False

    @property
    def lives(self) -> bool:
        """Whether one is there to take over."""
        return self._waiting is not None and not self._is_unwanted and self._waiting.process.lives

    def record(self) -> ProcessRecord | None:
        """Which process it is, for the next daemon."""
        return self._waiting.process.record() if self._waiting else None

    def begin(self, generation: int, segments: PipelineSegments) -> None:
        """Have one, for when ``generation`` dies; does nothing where one lives."""
        if self._waiting is not None:
            return
        try:
            self._waiting = spawn_flow(self._pipeline, self._flow, generation + 1, segments, self._shared)
        except LaunchFailed as reason:
            self._on_failure(str(reason))
            return
        self._is_unwanted = False
        self._waiting.prepare()
        asyncio.get_running_loop().add_reader(self._waiting.process.pidfd, self._bury)

    def hand_over(self) -> Waiting | None:
        """Give the process away, to be the flow's next generation; None where there is none that can be."""
        if not self.lives:
            return None
        assert self._waiting is not None
        waiting, self._waiting = self._waiting, None
        asyncio.get_running_loop().remove_reader(waiting.process.pidfd)
        return waiting

    def end(self) -> bool:
        """Whether a process still has to die: it is not needed any more."""
        if self._waiting is None:
            return False
        self._is_unwanted = True
        self._waiting.process.kill_group()
        return True

    def _bury(self) -> None:
        assert self._waiting is not None
        process, group = self._waiting.process, self._waiting.group
        asyncio.get_running_loop().remove_reader(process.pidfd)
        self._waiting.turn_away()
        self._waiting = None
        ending = process.bury()
        if group is not None:
            self._shared.cgroups.bury(group)
        if self._is_unwanted:
            self._on_over()
        else:
            self._on_failure(f"it {ending}")

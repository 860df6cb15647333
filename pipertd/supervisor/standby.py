"""The standby of a flow: a second process that has imported all its code, to take over at once.

It is no generation before it takes over, and is not shown as one. Where it dies by itself, its flow goes on without and
gets another one with its next generation.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from pipertd.definition.model import Flow, Pipeline
from pipertd.errors import LaunchFailed
from pipertd.protocol import Charge, Takeover, encode_takeover
from pipertd.supervisor.launch import Process
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.spawn import Surroundings, spawn_standby


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
        self._process: Process | None = None
        self._order_fd = -1

    @property
    def lives(self) -> bool:
        """Whether one is there to take over."""
        return self._order_fd >= 0

    def begin(self, generation: int, segments: PipelineSegments) -> None:
        """Have one, for when ``generation`` dies; does nothing where one lives."""
        if self._process is not None:
            return
        try:
            self._process, self._order_fd = spawn_standby(
                self._pipeline, self._flow, generation + 1, segments, self._shared
            )
        except LaunchFailed as reason:
            self._on_failure(str(reason))
        else:
            asyncio.get_running_loop().add_reader(self._process.pidfd, self._bury)

    def take_over(self, generation: int, nonce: str, charge: Charge | None) -> Process | None:
        """Have it be the flow's next generation; its process is the caller's now. None where it does not hear."""
        if not self.lives:
            return None
        assert self._process is not None
        order = encode_takeover(Takeover(generation=generation, nonce=nonce, charge=charge))
        try:
            os.write(self._order_fd, order)
        except OSError:  # it died, or reads nothing: its death comes as news
            return None
        self._hang_up()
        asyncio.get_running_loop().remove_reader(self._process.pidfd)
        process, self._process = self._process, None
        return process

    def end(self) -> bool:
        """Whether a process still has to die: it is not needed any more."""
        if self._process is None:
            return False
        self._hang_up()
        self._process.kill_group()
        return True

    def _hang_up(self) -> None:
        if self._order_fd >= 0:
            os.close(self._order_fd)
            self._order_fd = -1

    def _bury(self) -> None:
        assert self._process is not None
        asyncio.get_running_loop().remove_reader(self._process.pidfd)
        unwanted = not self.lives
        self._hang_up()
        ending, self._process = self._process.bury(), None
        if unwanted:
            self._on_over()
        else:
            self._on_failure(f"it {ending}")

"""One log record and the filter that picks records, whatever they are stored in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipertd.names import Target


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record; ``source`` is ``log``, or ``output`` for a line that user code printed (a stack, for example).

    Reading goes on behind this record with its ``cursor``. An output line carries the time of the record before it.
    """

    time_s: float
    level: int
    pipeline: str
    flow: str
    routine: str
    generation: int
    logger: str
    message: str
    fields: Mapping[str, object] = field(default_factory=dict)
    exception: str = ""
    source: str = "log"
    cursor: str = ""

    @property
    def level_name(self) -> str:
        """The level as people write it: ``INFO``, ``WARNING``, ``ERROR``."""
        return logging.getLevelName(self.level)

    @property
    def is_ours(self) -> bool:
        """Whether pipertd's own code wrote it; a routine's logger is its author's."""
        return self.logger.startswith("pipertd.") and not self.logger.startswith("pipertd.routine")

    @property
    def length(self) -> int:
        """About how many characters it has."""
        return len(self.message) + len(self.exception) + sum(len(str(value)) for value in self.fields.values())


@dataclass(frozen=True)
class LogFilter:
    """Which records are wanted; what is not said does not restrict. ``level`` is the lowest one wanted."""

    target: Target | None = None
    level: int = 0
    since_s: float | None = None

    def wants(self, record: LogRecord) -> bool:
        """Whether the record passes."""
        if record.level < self.level or (self.since_s is not None and record.time_s < self.since_s):
            return False
        return self.target is None or self.target.covers(record.pipeline, record.flow, record.routine)

    def wants_flow(self, pipeline: str, flow: str) -> bool:
        """Whether records of that flow can pass at all."""
        target = self.target
        return target is None or target.covers(pipeline, target.flow and flow, target.routine)


EVERYTHING = LogFilter()

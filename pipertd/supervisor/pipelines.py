"""All pipelines of a daemon, to be found by name and by target, and to be had by one at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pipertd.definition.model import Pipeline
from pipertd.errors import StillLoading, UnknownTarget
from pipertd.names import Target
from pipertd.supervisor.answers import routines_of
from pipertd.supervisor.pipeline import SupervisedPipeline
from pipertd.supervisor.view import State

_WORK = (State.RUNNING, State.EXITED)


class Pipelines(dict[str, SupervisedPipeline]):
    """Each by its name.

    Attributes:
        are_loading: whether names that are unknown may still come.
        defined: what the files said of each when they were last read, of those that could be used.
        invalid: the files that could not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.are_loading = False
        self.defined: Mapping[str, Pipeline] = {}
        self.invalid: Collection[Path] = ()

    @property
    def working(self) -> list[Pipeline]:
        """The definitions by which all flows of a pipeline work, or came to their end."""
        return [each.definition for each in self.values() if all(flow.state in _WORK for flow in each.flows.values())]

    def named(self, name: str) -> SupervisedPipeline:
        """The pipeline of that name.

        Raises:
            UnknownTarget: there is none.
            StillLoading: there is none yet.
        """
        try:
            return self[name]
        except KeyError:
            if self.are_loading:
                raise StillLoading(name) from None
            raise UnknownTarget(name, sorted(self)) from None

    def find(self, target: Target) -> tuple[SupervisedPipeline, str | None]:
        """The pipeline, and the flow where the target is one; a routine stands for its flow.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine.
        """
        pipeline = self.named(target.pipeline)
        if target.flow is not None:
            pipeline.flow(target.flow)
        if target.routine is not None:
            routines_of(pipeline.definition, target)
        return pipeline, target.flow

    @asynccontextmanager
    async def turn(self, target: Target) -> AsyncIterator[tuple[SupervisedPipeline, str | None]]:
        """Have the turn of the target's pipeline, and what ``find`` finds; what it names may have gone meanwhile.

        Raises:
            UnknownTarget: there is no such pipeline, flow or routine, or none any more.
        """
        while True:
            pipeline, _ = self.find(target)
            async with pipeline.turn:
                found = self.find(target)
                if found[0] is pipeline:
                    yield found
                    return

    @property
    def promised_bytes(self) -> int:
        """How much shared memory their runs may still reserve."""
        return sum(pipeline.runs.promised_bytes for pipeline in self.values())

"""All pipelines of a daemon, to be found by name and by target, and to be had by one at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipertd.errors import StillLoading, UnknownTarget
from pipertd.names import Target
from pipertd.supervisor.answers import routines_of
from pipertd.supervisor.pipeline import SupervisedPipeline


class Pipelines(dict[str, SupervisedPipeline]):
    """Each by its name.

    Attributes:
        are_loading: whether names that are unknown may still come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.are_loading = False

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

"""Which events routines handle, as their flows tell it.

A process handles the same for all its life, so each connection is asked once at most, and what was told is kept as long
as it stands. A flow answers on the thread of its channel: one whose routine hangs, or that is paused, answers too. One
that runs and is not connected, as behind the start of another daemon, dials in a moment, and is asked then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from pipertd.definition.model import Pipeline
from pipertd.names import Target
from pipertd.protocol import AskHandlers, Handler, Handlers
from pipertd.supervisor.answers import routines_of
from pipertd.supervisor.channel import FlowChannel
from pipertd.supervisor.pulse import Pulse
from pipertd.supervisor.view import EventHandler, EventParameter, HandlersView, SilentFlow, State

TIMEOUT_S = 2.0
_Told = dict[str, Handlers]  # by routine


class HandlersTold:
    """What the flows that are connected have told of their routines, as far as somebody asked."""

    def __init__(self, channel: FlowChannel) -> None:
        self._channel = channel
        self._told: dict[tuple[str, str], _Told] = {}  # by pipeline and flow; empty until it answers
        self._pulse = Pulse()

    async def of(
        self, pipeline: Pipeline, target: Target, states: Mapping[str, State], timeout_s: float = TIMEOUT_S
    ) -> HandlersView:
        """The handlers of the target's routines, and the flows that cannot tell within ``timeout_s``.

        Raises:
            UnknownTarget: the target names no routine of the pipeline.
        """
        wanted = routines_of(pipeline, target)
        asked: set[str] = set()

        def all_told() -> bool:
            """Whether nobody is waited for any more; who has dialled meanwhile is asked."""
            asked.update(flow for flow in wanted if flow not in asked and self._ask(pipeline.name, flow))
            coming = [flow for flow in wanted if flow not in asked and states[flow] is State.RUNNING]
            return not coming and all(self._missing(pipeline.name, flow, wanted[flow]) in (None, []) for flow in asked)

        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._pulse.until(all_told)
        handlers: list[EventHandler] = []
        silent: list[SilentFlow] = []
        for flow, names in wanted.items():
            told = self._told.get((pipeline.name, flow), {})
            handlers += [_shown(flow, name, each) for name in names if name in told for each in told[name].handlers]
            errors = [told[name].error for name in names if name in told and told[name].error]
            missing = self._missing(pipeline.name, flow, names)
            if flow not in asked:
                silent.append(SilentFlow(flow, f"it is {states[flow]} and cannot be asked now"))
            elif missing is None:
                silent.append(SilentFlow(flow, "it ended before it answered"))
            elif missing:
                silent.append(SilentFlow(flow, f"{', '.join(missing)} did not answer within {timeout_s:g} s"))
            elif errors:
                silent.append(SilentFlow(flow, "; ".join(errors)))
        return HandlersView(tuple(handlers), tuple(silent))

    def meet(self) -> None:
        """A flow is connected, and can be asked."""
        self._pulse.beat()

    def hear(self, pipeline: str, flow: str, message: Handlers) -> None:
        """A flow told what one of its routines handles."""
        self._told.setdefault((pipeline, flow), {})[message.routine] = message
        self._pulse.beat()

    def lose(self, pipeline: str, flow: str) -> None:
        """A flow's connection ended: the next process of it may handle something else."""
        self._told.pop((pipeline, flow), None)
        self._pulse.beat()

    def _ask(self, pipeline: str, flow: str) -> bool:
        """Whether the flow was asked, now or before."""
        if (pipeline, flow) in self._told:
            return True
        if not self._channel.send(pipeline, flow, AskHandlers()):
            return False
        self._told[pipeline, flow] = {}
        return True

    def _missing(self, pipeline: str, flow: str, names: list[str]) -> list[str] | None:
        """The routines of which nothing was told yet; None where the flow is gone."""
        told = self._told.get((pipeline, flow))
        return None if told is None else [name for name in names if name not in told]


def _shown(flow: str, routine: str, handler: Handler) -> EventHandler:
    parameters = tuple(EventParameter(each.name, each.type, each.optional) for each in handler.parameters)
    return EventHandler(flow, routine, handler.event, parameters, handler.takes_more, handler.description)

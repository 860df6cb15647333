"""Events of a pipe, from the script and from its routines, one after the other as they came.

Most go on to the routines. Some are the supervisor's business: ``kill`` ends flows, ``start`` begins those that were
killed, ``unlink`` takes a link away.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from itertools import chain

from pipertd.definition.plan import plan_change
from pipertd.definition.relink import without_link
from pipertd.embedded.event_names import (
    KILL_EVENT_NAME,
    PAUSE_EVENT_NAME,
    RESUME_EVENT_NAME,
    START_EVENT_NAME,
    STOP_EVENT_NAME,
    UNLINK,
    UPDATE_FPS_NAME,
)
from pipertd.embedded.order import Order
from pipertd.errors import PipertdError
from pipertd.flow.events import LOG_DATA
from pipertd.names import Target, nearest
from pipertd.protocol import Raise
from pipertd.supervisor.supervisor import Supervisor

_ROUTINE = "specific_routine"  # a parameter that names a routine, in whichever flow it is

_BUILT_IN = (
    START_EVENT_NAME,
    STOP_EVENT_NAME,
    KILL_EVENT_NAME,
    PAUSE_EVENT_NAME,
    RESUME_EVENT_NAME,
    UNLINK,
    UPDATE_FPS_NAME,
    LOG_DATA,
)


class Orders:
    """Carries out the orders for one pipeline."""

    def __init__(self, supervisor: Supervisor, pipeline: str, logger: logging.Logger, handled: Collection[str]) -> None:
        """``handled`` are the events that routines of it have handlers for."""
        self._supervisor = supervisor
        self._pipeline = pipeline
        self._logger = logger
        self._known_events = {*_BUILT_IN, *handled}
        self._waiting: asyncio.Queue[Order] = asyncio.Queue()
        supervisor.take_raised(self._take_raised)

    def take(self, order: Order) -> None:
        """Carry it out behind those that came before."""
        self._waiting.put_nowait(order)

    def _take_raised(self, _pipeline: str, _flow: str, raised: Raise) -> None:
        params = dict(raised.params)
        routine = params.pop(_ROUTINE, None)
        self.take(Order(raised.event, raised.targets, None if routine is None else str(routine), params))

    async def run(self) -> None:
        """Carry orders out until it is cancelled."""
        while True:
            order = await self._waiting.get()
            try:
                await self._carry_out(order)
            except PipertdError as reason:
                self._logger.warning("event %s: %s", order.event, reason)

    async def _carry_out(self, order: Order) -> None:
        targets = self._known(order)
        if order.event not in self._known_events:
            self._say_unhandled(order.event)
            self._known_events.add(order.event)  # said once: a routine may raise it for every message
        if targets is None:
            return
        if order.event == UNLINK:
            await self._unlink(targets, str(order.params.get("unlink_routine_name", "")))
        elif order.event == KILL_EVENT_NAME:
            await self._kill(targets)
        else:
            if order.event == START_EVENT_NAME:
                await self._have_up(targets)
            self._supervisor.tell(self._pipeline, order.event, targets, order.params)

    def _known(self, order: Order) -> Mapping[str, list[str]] | None:
        """Whom of those that it names there are; None where nobody is left. What there is not is logged."""
        flows = {
            flow.name: [routine.name for routine in flow.routines]
            for flow in self._supervisor.definition(self._pipeline).flows
        }
        wanted = dict(order.targets)
        if order.routine is not None:
            home = next((flow for flow, routines in flows.items() if order.routine in routines), None)
            if home is None:
                self._say_unknown(order.event, f"routine {order.routine}", list(chain(*flows.values())))
                return None
            wanted = {home: [order.routine]}
        known: dict[str, list[str]] = {}
        for flow, routines in wanted.items():
            if flow not in flows:
                self._say_unknown(order.event, f"flow {flow}", list(flows))
                continue
            for name in set(routines) - set(flows[flow]):
                self._say_unknown(order.event, f"routine {flow}/{name}", flows[flow])
            found = [name for name in routines if name in flows[flow]]
            if found or not routines:
                known[flow] = found
        return known if known or not wanted else None

    def _say_unhandled(self, event: str) -> None:
        names = ", ".join(sorted(self._known_events))
        hint = nearest(event, self._known_events)
        self._logger.warning("event %s: no routine has a handler for it%s (they handle: %s)", event, hint, names)

    def _say_unknown(self, event: str, what: str, there_are: list[str]) -> None:
        self._logger.warning("event %s: there is no %s (there are: %s)", event, what, ", ".join(there_are))

    async def _kill(self, targets: Mapping[str, list[str]]) -> None:
        """Flows end, in order; a routine that is named alone is stopped, for a flow is the unit that dies."""
        if not targets:
            await self._supervisor.stop(Target(self._pipeline))
            return
        routines = {flow: names for flow, names in targets.items() if names}
        if routines:
            self._supervisor.tell(self._pipeline, STOP_EVENT_NAME, routines, {})
        for flow in [flow for flow, names in targets.items() if not names]:
            await self._supervisor.stop(Target(self._pipeline, flow))

    async def _have_up(self, targets: Mapping[str, list[str]]) -> None:
        """Have those flows up again that were killed, and those go on that somebody else has paused."""
        view = self._supervisor.snapshot(Target(self._pipeline)).pipelines[0]
        for flow in view.flows:
            target = Target(self._pipeline, flow.name)
            if targets and flow.name not in targets:
                continue
            if flow.state.at_rest:
                await self._supervisor.start(target)
            elif flow.paused:
                await self._supervisor.resume(target)

    async def _unlink(self, targets: Mapping[str, list[str]], destination: str) -> None:
        for flow, routines in targets.items():
            for routine in routines:
                present = self._supervisor.definition(self._pipeline)
                changed = without_link(present, f"{flow}/{routine}", destination)
                await self._supervisor.change(
                    [plan_change(present, changed, self._supervisor.fit(changed))], {self._pipeline: changed}
                )

"""Stopping flows in order: whoever sends before whoever receives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping

from pipertd.clock import monotonic_s
from pipertd.definition.model import Pipeline
from pipertd.supervisor.flow import SupervisedFlow
from pipertd.supervisor.order import stop_order
from pipertd.supervisor.pulse import Pulse

_POLL_S = 0.05


async def stop_drained(
    definition: Pipeline, flows: Mapping[str, SupervisedFlow], pulse: Pulse, is_drained: Callable[[str], bool]
) -> None:
    """Stop all: each when those that send to it are down, and its links have drained or its stop deadline is over."""

    async def stop(name: str, before: Iterable[str]) -> None:
        flow = flows[name]
        await _until_its_turn(flow, [flows[each] for each in before], pulse)
        deadline_s = monotonic_s() + flow.definition.watchdog.stop_s
        while not flow.state.at_rest and not flow.paused and monotonic_s() < deadline_s:
            if is_drained(name):
                break
            await asyncio.sleep(_POLL_S)  # words in shared memory wake nobody up
        flow.stop()

    await asyncio.gather(*(stop(name, before) for name, before in stop_order(definition).items()))


async def stop_within_run(
    definition: Pipeline, flows: Mapping[str, SupervisedFlow], pulse: Pulse, names: Collection[str]
) -> None:
    """Stop these, with what is on their links staying there, until none of them has a process of any kind.

    Whoever waits for room to publish its last message still gets it.
    """

    async def stop(name: str, before: Iterable[str]) -> None:
        flow = flows[name]
        await _until_its_turn(flow, [flows[each] for each in before], pulse)
        flow.stop()
        await pulse.until(lambda: flow.state.at_rest and not flow.clear())

    order = stop_order(definition)
    await asyncio.gather(*(stop(name, order[name] & set(names)) for name in names))


async def _until_its_turn(flow: SupervisedFlow, senders: Iterable[SupervisedFlow], pulse: Pulse) -> None:
    await pulse.until(lambda: flow.state.at_rest or all(sender.state.at_rest for sender in senders))

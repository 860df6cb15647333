"""Events on their way to routines: who was asked, who answered, and what stands in for the others' answers."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterable, Mapping

from pipertd.definition.model import Pipeline
from pipertd.errors import MessageError, UnknownTarget
from pipertd.names import Target
from pipertd.protocol import Answer, Deliver
from pipertd.supervisor.channel import FlowChannel
from pipertd.supervisor.view import EventAnswer, State

MOST_HELD = 100
_COMING = (State.STARTING, State.RUNNING, State.BACKING_OFF)  # not connected, and soon will be
_Who = tuple[str, str]  # flow, routine


class _Request:
    """One event that somebody waits for."""

    def __init__(self, pipeline: str, asked: Iterable[_Who]) -> None:
        self.pipeline = pipeline
        self.answers: dict[_Who, EventAnswer | None] = dict.fromkeys(asked)
        self.unhandled: set[_Who] = set()
        self.complete = asyncio.Event()

    def settle(self, who: _Who, answer: EventAnswer) -> None:
        if who in self.answers and self.answers[who] is None:
            self.answers[who] = answer
        if None not in self.answers.values():
            self.complete.set()

    def settle_flow(self, flow: str, error: str) -> None:
        for who in self.answers:
            if who[0] == flow:
                self.settle(who, EventAnswer(*who, error=error))


class Events:
    """Delivers events to flows and gathers the answers."""

    def __init__(self, channel: FlowChannel) -> None:
        self._channel = channel
        self._requests: dict[int, _Request] = {}
        self._held: dict[tuple[str, str], deque[Deliver]] = {}
        self._last = secrets.randbits(48)  # an answer to a daemon before this one is no answer to us

    async def ask(
        self,
        pipeline: Pipeline,
        event: str,
        target: Target,
        params: Mapping[str, object],
        timeout_s: float,
        states: Mapping[str, State],
    ) -> tuple[EventAnswer, ...]:
        """One answer for every routine of the target, in the order of the file.

        Where some of them have a handler for the event, those that have none are left out. A flow that is not connected
        gets the event when it is, if it is about to start, or to start again, as its state says.

        Raises:
            UnknownTarget: the target names no routine of the pipeline.
            MessageError: the parameters cannot be carried.
        """
        targets = routines_of(pipeline, target)
        self._last += 1
        number = self._last
        request = _Request(pipeline.name, [(flow, name) for flow, names in targets.items() for name in names])
        self._requests[number] = request
        try:
            for flow, names in targets.items():
                message = _deliver(number, event, names, params)
                if self._send(pipeline.name, flow, message):
                    continue
                if states[flow] in _COMING:
                    self._hold(pipeline.name, flow, message)
                else:
                    request.settle_flow(flow, f"cannot deliver {event}: flow {flow} is {states[flow]}")
            try:
                async with asyncio.timeout(timeout_s):
                    await request.complete.wait()
            except TimeoutError:
                pass
        finally:
            del self._requests[number]
            self._forget(number)
        chosen = request.answers.keys() - request.unhandled or request.answers.keys()
        return tuple(
            answer or EventAnswer(*who, error=f"no answer within {timeout_s:g} s", deadline_exceeded=True)
            for who, answer in request.answers.items()
            if who in chosen
        )

    def tell(
        self, pipeline: Pipeline, event: str, targets: Mapping[str, list[str]], params: Mapping[str, object]
    ) -> None:
        """Deliver an event for which nobody waits; a flow that is not connected gets it as soon as it is.

        For such a flow ``MOST_HELD`` events are held, the newest.

        Raises:
            UnknownTarget: a target names no routine of the pipeline.
            MessageError: the parameters cannot be carried.
        """
        wanted = dict(targets) or {flow.name: [] for flow in pipeline.flows}
        known = {
            flow: names or routines_of(pipeline, Target(pipeline.name, flow))[flow] for flow, names in wanted.items()
        }
        for flow, names in known.items():  # all of them before the first is sent
            for name in names:
                routines_of(pipeline, Target(pipeline.name, flow, name))
        for flow, names in known.items():
            message = _deliver(0, event, names, params)
            if not self._send(pipeline.name, flow, message):
                self._hold(pipeline.name, flow, message)

    def _hold(self, pipeline: str, flow: str, message: Deliver) -> None:
        self._held.setdefault((pipeline, flow), deque(maxlen=MOST_HELD)).append(message)

    def _forget(self, request: int) -> None:
        """Nobody waits for this request any more: whoever connects later does not get it."""
        for key, held in self._held.items():
            self._held[key] = deque((each for each in held if each.request != request), MOST_HELD)

    def meet(self, pipeline: str, flow: str) -> None:
        """A flow is connected: give it what was held for it."""
        for message in self._held.pop((pipeline, flow), ()):
            self._send(pipeline, flow, message)

    def begin_run(self, pipeline: str) -> None:
        """A new run begins: what was held in an earlier one is of no use any more."""
        self._held = {key: held for key, held in self._held.items() if key[0] != pipeline}

    def hear(self, flow: str, answer: Answer) -> None:
        """A routine answered; answers that nobody waits for any more are dropped."""
        request = self._requests.get(answer.request)
        if request is None:
            return
        who = (flow, answer.routine)
        if answer.unhandled:
            request.unhandled.add(who)
        request.settle(who, EventAnswer(*who, value=answer.value, error=answer.error))

    def lose(self, pipeline: str, flow: str) -> None:
        """A flow's connection ended: it will not answer any more."""
        for request in self._requests.values():
            if request.pipeline == pipeline:
                request.settle_flow(flow, f"flow {flow} ended before it answered")

    def _send(self, pipeline: str, flow: str, message: Deliver) -> bool:
        try:
            return self._channel.send(pipeline, flow, message)
        except (TypeError, ValueError, OverflowError) as reason:
            raise MessageError(f"cannot send event {message.event}: {reason}") from reason


def _deliver(request: int, event: str, routines: list[str], params: Mapping[str, object]) -> Deliver:
    return Deliver(request=request, event=event, routines=routines, params=dict(params))


def routines_of(pipeline: Pipeline, target: Target) -> dict[str, list[str]]:
    """The flows and routines that a target means.

    Raises:
        UnknownTarget: the pipeline has none of that name.
    """
    found: dict[str, list[str]] = {}
    for flow in pipeline.flows:
        names = [one.name for one in flow.routines if target.covers(pipeline.name, flow.name, one.name)]
        if names:
            found[flow.name] = names
    if not found:
        raise UnknownTarget(target, [f"{flow.name}/{one.name}" for flow in pipeline.flows for one in flow.routines])
    return found

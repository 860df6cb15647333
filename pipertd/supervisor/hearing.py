"""What flows say to their daemon, and where each word of it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from pipertd.errors import PipertdError
from pipertd.protocol import Answer, Handlers, Hello, Pong, Quarantined, Raise
from pipertd.supervisor.answers import Events
from pipertd.supervisor.channel import FlowChannel
from pipertd.supervisor.handlers import HandlersTold
from pipertd.supervisor.history import History
from pipertd.supervisor.pipeline import SupervisedPipeline
from pipertd.supervisor.view import NoticeKind

logger = logging.getLogger(__name__)


class Hearing:
    """Listens to the flows of these pipelines, of which there may be others by and by.

    Attributes:
        channel: by which flows are spoken to.
        events: those that go to flows, and their answers.
        handlers: what flows tell of the events that they handle.
        on_raised: called with pipeline, flow and what a routine of it said by ``notify_event``; hands the event on.
    """

    def __init__(self, socket: Path, pipelines: Mapping[str, SupervisedPipeline], history: History) -> None:
        self._pipelines = pipelines
        self._history = history
        self.channel = FlowChannel(
            socket, believe=self._believe, on_met=self._meet, on_message=self._hear, on_gone=self._lose
        )
        self.events = Events(self.channel)
        self.on_raised: Callable[[str, str, Raise], None] = self._raise
        self.handlers = HandlersTold(self.channel)

    def _believe(self, hello: Hello) -> bool:
        pipeline = self._pipelines.get(hello.pipeline)
        flow = pipeline.flows.get(hello.flow) if pipeline else None
        return flow is not None and flow.sent(hello)

    def _meet(self, pipeline: str, flow: str) -> None:
        self._pipelines[pipeline].flows[flow].heard()
        self.events.meet(pipeline, flow)
        self.handlers.meet()

    def _lose(self, pipeline: str, flow: str) -> None:
        self.events.lose(pipeline, flow)
        self.handlers.lose(pipeline, flow)

    def _hear(self, pipeline: str, flow: str, message: Answer | Raise | Quarantined | Pong | Handlers) -> None:
        self._pipelines[pipeline].flows[flow].heard()
        match message:
            case Pong():
                pass  # that it was heard is all that it says
            case Answer():
                self.events.hear(flow, message)
            case Handlers():
                self.handlers.hear(pipeline, flow, message)
            case Quarantined():
                self._tell_quarantined(pipeline, flow, message)
            case Raise():
                self.on_raised(pipeline, flow, message)

    def _raise(self, pipeline: str, flow: str, message: Raise) -> None:
        definition = self._pipelines[pipeline].definition
        try:
            self.events.tell(definition, message.event, message.targets, message.params)
        except PipertdError as reason:
            where = {"pipeline": pipeline, "flow": flow, "routine": message.routine}
            logger.warning("cannot raise %s: %s", message.event, reason, extra=where)

    def _tell_quarantined(self, pipeline: str, flow: str, message: Quarantined) -> None:
        self._history.record(
            NoticeKind.MESSAGE_QUARANTINED,
            message.text,
            pipeline=pipeline,
            flow=flow,
            routine=message.routine,
            details={"id": message.id},
        )

"""Calls as the protos have them: a message in, a message out, for who carries them on in another form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from pipertd.client.call import WORK_TIMEOUT_S, Call, Feed, Noun, OnLost, W, stream, unary


class Verbatim(Noun[W]):
    """``client.verbatim``. An rpc is named ``SERVICE/RPC``, as ``PipelineService/StartPipeline``.

    Every call raises ClientError where the daemon refuses.

    Example:
        >>> answer = client.verbatim.ask(
        ...     "PipelineService/GetPipeline", GetPipelineRequest(name="street"), GetPipelineResponse
        ... )
        >>> answer.pipeline.name
        'street'
    """

    @unary
    def ask(
        self, rpc: str, request: Message, response: type[Message], *, timeout_s: float = WORK_TIMEOUT_S
    ) -> Call[Message]:
        """One answer, a ``response``."""
        return Call(_callable(self._wire.channel.unary_unary, rpc, response), request, _itself, timeout_s)

    @stream
    def follow(
        self,
        rpc: str,
        request: Message,
        response: type[Message],
        *,
        move: Callable[[Any], None] = lambda _: None,
        resume: bool = False,
        on_lost: OnLost | None = None,
    ) -> Feed[Message]:
        """Any number of answers.

        Args:
            move: called with each of them; where ``resume`` is set, it moves ``request`` on behind it.
            resume: go on when the daemon is started again, with ``request`` as it is then.
            on_lost: called with the error when the connection is lost, and for each try in vain.
        """

        def read(answer: Message) -> Message:
            move(answer)
            return answer

        rpc_of_channel = _callable(self._wire.channel.unary_stream, rpc, response)
        return Feed(rpc_of_channel, request, read, resume=resume, on_lost=on_lost)


def _callable(kind: Any, rpc: str, response: type[Message]) -> Any:
    return kind(
        f"/pipertd.v1.{rpc}",
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=response.FromString,
    )


def _itself(answer: Message) -> Message:
    return answer

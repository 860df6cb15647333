"""A route: which rpc a method and a path stand for, and where the fields of its request come from.

The routes are the table that both the server and its OpenAPI document are made of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message
from starlette.requests import Request
from starlette.responses import Response

from pipertd.client import AsyncClient, ClientError
from pipertd.client.call import ANSWER_TIMEOUT_S, WORK_TIMEOUT_S
from pipertd.cockpit import sse, writing
from pipertd.cockpit.limits import (
    LOOKS_OF_READERS,
    MOST_BODIES,
    MOST_CHANGES,
    MOST_LOOKS,
    MOST_STREAMS,
    STREAMS_OF_READERS,
    Places,
)
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.reading import Parameter, filled, parameters_of
from pipertd.cockpit.rpcs import RPCS, Right, Rpc
from pipertd.cockpit.writing import document_of, json_response


@dataclass(frozen=True)
class Route:
    """One method on one path.

    Attributes:
        rpc: what it asks the daemon; where it asks for more, the one that needs most.
        handle: makes the answer.
        fields: by names of the path, fields of the rpc's request, such as ``target.pipeline``.
        query: what may stand in the query.
        body: the fields of the request that may stand in the body.
        media: the types of the answer; of JSON it is the rpc's response, unless ``schema`` says what it is.
        summary: what it does, where that is not what the rpc's own comment says.
    """

    method: str
    path: str
    rpc: Rpc
    handle: Callable[[Asked], Awaitable[Response]]
    fields: Mapping[str, str] = field(default_factory=dict)
    query: tuple[Parameter, ...] = ()
    body: tuple[str, ...] = ()
    media: tuple[str, ...] = (writing.MEDIA_TYPE,)
    schema: Mapping[str, Any] | None = None
    body_schema: Mapping[str, Any] | None = None
    summary: str = ""

    @property
    def takes_a_body(self) -> bool:
        """Whether anything in a body is looked at."""
        return bool(self.body or self.body_schema)

    @property
    def streams(self) -> bool:
        """Whether its answer has no end of its own."""
        return sse.MEDIA_TYPE in self.media


class Server:
    """What all requests share: the way to the daemon, and the places that there are."""

    def __init__(self, daemon: AsyncClient) -> None:
        self.daemon = daemon
        self.streams = Places("streams", MOST_STREAMS, STREAMS_OF_READERS)
        self.looks = Places("calls that look", MOST_LOOKS, LOOKS_OF_READERS)
        self.changes = Places("calls that change something", MOST_CHANGES)
        self.bodies = Places("bodies on their way", MOST_BODIES)
        self.tellings: set[sse.Telling] = set()


@dataclass(frozen=True)
class Asked:
    """One request on its route; ``body`` is what it says, of a route that takes any."""

    request: Request
    route: Route
    right: Right
    server: Server
    body: Mapping[str, Any]

    @property
    def daemon(self) -> AsyncClient:
        """The way to the daemon."""
        return self.server.daemon

    @property
    def query(self) -> Mapping[str, str]:
        """What stands in the query.

        Raises:
            Problem: something that the route does not know, or twice.
        """
        return parameters_of(self.request.query_params, self.route.query)

    def message(self) -> Message:
        """The rpc's request, as path, query and body say.

        Raises:
            Problem: they say what cannot be meant.
        """
        places = {name: str(self.request.path_params[part]) for part, name in self.route.fields.items()}
        return filled(self.route.rpc.request(), places, (self.query, self.route.query), (self.body, self.route.body))

    async def ask(self, rpc: Rpc, request: Message, timeout_s: float | None = None) -> Any:
        """The daemon's answer.

        Raises:
            Problem: it refuses, or cannot be reached.
        """
        if timeout_s is None:
            timeout_s = WORK_TIMEOUT_S if rpc.changes or rpc.right is Right.CONTROL else ANSWER_TIMEOUT_S
        try:
            return await self.daemon.verbatim.ask(rpc.name, request, rpc.response, timeout_s=timeout_s)
        except ClientError as error:
            raise Problem.of(error) from None


async def answer(asked: Asked) -> Response:
    """The rpc's response as JSON: what most routes are."""
    request = asked.message()
    return json_response(document_of(await asked.ask(asked.route.rpc, request)))


def rpc(name: str) -> Rpc:
    """The rpc of that name."""
    return RPCS[name]

"""From the gate to a route's handler: the method, the right, the place, and a line in the log of what changes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from pipertd.cockpit.body import json_of
from pipertd.cockpit.gate import unauthorized
from pipertd.cockpit.origins import is_led_here
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.routing import Asked, Route, Server
from pipertd.cockpit.rpcs import Right
from pipertd.harmless import in_a_line

_MOST_PATH = 300  # characters in the log

logger = logging.getLogger(__name__)


class Passage:
    """One path; whatever is refused is a Problem that is raised."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        """``routes`` by their methods."""
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the handler answer."""
        request = Request(scope, receive)
        route = self._route(request.method)
        right: Right = request.state.right
        _check_right(route, right)
        if is_led_here(request.headers, request.state.origins):
            raise Problem(
                403,
                "FOREIGN_ORIGIN",
                "cannot answer for a page of somebody else's, or a browser that looks ahead: only this server's own "
                "pages may ask, and those that --allow-origin names",
            )
        server: Server = request.state.server
        body: dict[str, Any] = {}
        if route.takes_a_body:
            with server.bodies.taken(right):
                body = await json_of(request)
        asked = Asked(request, route, right, server, body)
        if route.streams:
            response = await route.handle(asked)
        else:
            places = server.changes if route.rpc.changes else server.looks
            with places.taken(right):
                response = await route.handle(asked)
        if route.rpc.changes:
            _log(request, right)
        await response(scope, receive, send)

    def _route(self, method: str) -> Route:
        """HEAD is a GET whose answer is not sent, where it changes nothing and ends."""
        route = self._routes.get(method)
        if route is None and method == "HEAD":
            looked = self._routes.get("GET")
            route = looked if looked and not looked.rpc.changes and not looked.streams else None
        if route is None:
            there = ", ".join(self._routes)
            raise Problem(405, "WRONG_METHOD", f"cannot {method[:20]} here: it takes {there}", headers={"allow": there})
        return route


def _check_right(route: Route, right: Right) -> None:
    if right is Right.NOTHING:
        raise unauthorized("cannot answer without a token: send Authorization: Bearer TOKEN")
    if right < route.rpc.right:
        raise Problem(
            403, "NOT_PERMITTED", f"cannot do this: it takes a token to {route.rpc.right}, and this one is to {right}"
        )


def _log(request: Request, right: Right) -> None:
    """Never a token, a query or a body."""
    client = request.client.host if request.client else "?"
    path = in_a_line(request.url.path[:_MOST_PATH])
    logger.info("%s %s, asked by %s with the right to %s", request.method, path, client, right)

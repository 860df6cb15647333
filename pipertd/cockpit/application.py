"""The application: routes behind the gate, the way to the daemon, and what becomes of errors."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import starlette.routing
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from pipertd.client import AsyncClient
from pipertd.cockpit import definitions, events, logs, pages, pipelines, pipert, quarantine, status, taps
from pipertd.cockpit.gate import Gate
from pipertd.cockpit.passage import Passage
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.routing import Route, Server
from pipertd.cockpit.settings import Settings

ROUTES: tuple[Route, ...] = (
    *pipelines.ROUTES,
    *definitions.ROUTES,
    *events.ROUTES,
    *status.ROUTES,
    *logs.ROUTES,
    *taps.ROUTES,
    *quarantine.ROUTES,
    *pipert.ROUTES,
)

logger = logging.getLogger(__name__)


def application(settings: Settings) -> Starlette:
    """What an ASGI server serves; ``state.server`` is there once it has begun."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        async with AsyncClient(settings.address, tls=settings.tls) as daemon:
            app.state.server = Server(daemon)
            yield {"server": app.state.server}

    app = Starlette(
        routes=[*pages.ROUTES, *_routes(ROUTES)],
        middleware=[Middleware(Gate, settings.tokens, _names(settings), settings.origins)],
        exception_handlers={HTTPException: _http_problem, Exception: _fault, Problem: _problem},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _routes(routes: Sequence[Route]) -> list[starlette.routing.Route]:
    """One for each path, whatever the method."""
    paths: dict[str, dict[str, Route]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method] = route
    return [starlette.routing.Route(path, Passage(by_method)) for path, by_method in paths.items()]


def _names(settings: Settings) -> frozenset[str]:
    """Under which it may be called, beside its addresses."""
    names = (settings.host, socket.gethostname(), *settings.names)
    return frozenset(name.lower().rstrip(".") for name in names)


def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


def _http_problem(request: Request, error: Exception) -> Response:
    """What no route is for."""
    assert isinstance(error, HTTPException)
    words = f"cannot find {request.url.path[:200]}: there is nothing there; /docs lists what is"
    return Problem(error.status_code, "NOT_THERE", words).response()


def _fault(_: Request, error: Exception) -> Response:
    """Who asked is told that it is ours; the log has the traceback."""
    logger.error("a request could not be answered", exc_info=error)
    return Problem(500, "INTERNAL", "this is a bug in pipertd-http; its log has the traceback").response()

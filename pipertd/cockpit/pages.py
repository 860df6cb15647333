"""What says what this server can be asked: the OpenAPI document, and a page for people. Both were written ahead."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

_HERE = Path(__file__).parent
OPENAPI = _HERE / "openapi.json"
PAGE = _HERE / "docs.html"
# Nothing is loaded from anywhere, and no script runs: the page's style stands in it.
_POLICY = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


async def openapi(_: Request) -> Response:
    """For programs; it holds nothing that is not in every copy of pipertd, so it takes no token."""
    return Response(OPENAPI.read_bytes(), media_type="application/json")


async def docs(_: Request) -> Response:
    """For people."""
    return Response(PAGE.read_bytes(), media_type="text/html; charset=utf-8", headers=_POLICY)


async def home(_: Request) -> Response:
    """Who opens the server in a browser wants to read what it is."""
    return RedirectResponse("/docs", 307)


ROUTES = (Route("/", home), Route("/openapi.json", openapi), Route("/docs", docs))

"""The gate before every route: the name that the server is called by, the page that calls, and the token."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipertd.cockpit.origins import is_foreign, is_our_host
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.rpcs import Right
from pipertd.cockpit.seldom import Seldom
from pipertd.cockpit.tokens import Tokens

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_CLOSE = {"connection": "close"}
_CORS = {
    "access-control-allow-methods": "GET, POST, DELETE",
    "access-control-allow-headers": "authorization, content-type, last-event-id",
    "access-control-max-age": "600",
}

_ABSOLUTE = re.compile(rb"https?://([^/]*)(/.*)?", re.IGNORECASE)

logger = logging.getLogger(__name__)


class Gate:
    """Who passes has its right in ``scope["state"]["right"]``; whoever has no token where there are some, has none."""

    def __init__(self, app: ASGIApp, tokens: Tokens, names: Collection[str], origins: Collection[str]) -> None:
        """Let by what is asked under one of ``names``, and by pages of ``origins`` beside our own."""
        self._app = app
        self._tokens, self._names, self._origins = tokens, names, origins
        self._wrong_tokens = Seldom()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may not pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        allowed = origin if origin in self._origins else ""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(MutableHeaders(scope=message), allowed, varies=bool(self._origins))
            await send(message)

        app = self._app
        try:
            self._check(headers)
            scope = self._in_origin_form(scope)
            if scope["method"] == "OPTIONS" and allowed and "access-control-request-method" in headers:
                app = Response(status_code=204, headers=_preflight(headers))
            else:
                scope["state"] |= {"right": self._right(headers, scope), "origins": self._origins}
        except Problem as problem:
            app = problem.response()
        await app(scope, receive, send_with_headers)

    def _check(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1:
            raise _foreign_host(host)
        self._check_host(host)
        if "content-length" in headers and "transfer-encoding" in headers:
            # Where it ends is one thing to us and another to a proxy before us: request smuggling, RFC 9112 6.1.
            raise Problem(400, "BAD_REQUEST", "cannot read this request: it says twice how long it is", headers=_CLOSE)
        if is_foreign(headers, self._origins):
            raise Problem(
                403,
                "FOREIGN_ORIGIN",
                f"cannot answer a page of {headers['origin'][:80]!r}: only this server's own may ask, "
                "and those that --allow-origin names",
            )

    def _check_host(self, host: str) -> None:
        if not is_our_host(host, self._names):
            raise _foreign_host(host)

    def _in_origin_form(self, scope: Scope) -> Scope:
        """As who asks a server writes what it asks for, where it is written as for a proxy: RFC 9112 3.2.2."""
        found = _ABSOLUTE.fullmatch(scope["raw_path"])
        if found is None:
            return scope
        self._check_host(found[1].decode("ascii"))
        path = found[2] or b"/"
        return {**scope, "raw_path": path, "path": unquote(path.decode("ascii"))}

    def _right(self, headers: Headers, scope: Scope) -> Right:
        if not self._tokens:
            return Right.CONTROL
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if not scheme:
            return Right.NOTHING
        right = self._tokens.right_of(token.strip()) if scheme.lower() == "bearer" else Right.NOTHING
        if right is Right.NOTHING:
            count = self._wrong_tokens.due()
            if count:
                logger.warning("refused a wrong token from %s (%d times)", (scope["client"] or ("?",))[0], count)
            raise unauthorized("cannot take this token: it is none of this server's")
        return right


def _foreign_host(host: str) -> Problem:
    return Problem(
        421,
        "FOREIGN_HOST",
        f"cannot answer for host {host[:80]!r}: this server is called by its address, or by a name that --name says",
        headers=_CLOSE,
    )


def unauthorized(words: str) -> Problem:
    """Who asks has not said who it is."""
    return Problem(401, "NO_TOKEN", words, headers={"www-authenticate": 'Bearer realm="pipertd"'})


def _add_headers(headers: MutableHeaders, origin: str, *, varies: bool) -> None:
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if varies:
        headers.add_vary_header("Origin")
    if origin:
        headers["access-control-allow-origin"] = origin
        headers["access-control-expose-headers"] = "retry-after, www-authenticate"
        headers["cross-origin-resource-policy"] = "cross-origin"


def _preflight(headers: Headers) -> dict[str, str]:
    private = "access-control-request-private-network"
    return _CORS | ({"access-control-allow-private-network": "true"} if private in headers else {})

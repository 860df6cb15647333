"""One connection, that cannot be held for nothing: uvicorn's, with an end to every wait.

uvicorn waits without an end for the first byte of a request, for the rest of its headers, and for a client to read.
Here each of these has a time, and where there are too many connections the one that has waited longest for a request
goes.

Source: what a slow loris does, https://en.wikipedia.org/wiki/Slowloris_(cyber_attack)
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipertd.cockpit.limits import HEAD_S, MOST_CONNECTIONS, UNREAD_S
from pipertd.cockpit.problem import MEDIA_TYPE, Problem


class Connection(H11Protocol):
    """As uvicorn's, between its client and the application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._has_said_all = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for it, or have it go."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            others = (each for each in self.connections if isinstance(each, Connection) and each is not self)
            idle = min((each for each in others if each.idle_until_s), key=lambda one: one.idle_until_s, default=self)
            idle.transport.abort()
        self._await_request()

    @property
    def idle_until_s(self) -> float:
        """When its time for the next request ends, on the loop's clock; 0 where one is answered."""
        return 0.0 if self._head is None else self._head.when()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A whole head ends the wait for it; a part of one does not."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before and not self.cycle.response_complete:
            self._stop_waiting()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep our side open for the answer to who has asked, and has no more to say; TLS has no such half."""
        self._has_said_all = self._owes_an_answer and not self.transport.get_extra_info("sslcontext")
        return self._has_said_all

    @property
    def _owes_an_answer(self) -> bool:
        """Whether a whole request waits for it; what has begun to be answered and goes on is for who stays."""
        asked = self.cycle is not None and not self.cycle.more_body
        return asked and not self.cycle.response_started

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of an answer to be read."""
        super().on_response_complete()
        if self.cycle.response_complete:
            self._await_request()
            if self._has_said_all:
                self.transport.close()

    def pause_writing(self) -> None:
        """The client does not read as fast as is written."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(UNREAD_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, in the form of all refusals; where an answer has begun already, hang up."""
        body = Problem(
            400, "BAD_REQUEST", f"cannot read this request: {msg[:1].lower()}{msg[1:].rstrip('.')}"
        ).response()
        headers = [("content-type", MEDIA_TYPE), ("content-length", str(len(body.body))), ("connection", "close")]
        try:
            for event in (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(data=bytes(body.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:
            self.transport.abort()
        self.transport.close()

    def _await_request(self) -> None:
        """Until its time is over; abort, because what is closed waits until all of it was read."""
        self._stop_waiting()
        self._head = self.loop.call_later(HEAD_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

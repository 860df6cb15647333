"""A door with the server behind it, and what is done when somebody takes its socket away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc

from pipertd.control.doors import Door, Place
from pipertd.supervisor.history import History
from pipertd.supervisor.view import NoticeKind

GRACE_S = 0.5
_TILL_THEY_GO_S = 10 * 365 * 86400.0


class Doorway:
    """One door.

    A server of gRPC takes no further port once it runs: it binds it, and never accepts there. So a socket that was
    removed is made anew with a server of its own. The one before takes nobody in any more, and goes when those go who
    are still in it.
    """

    def __init__(self, door: Door, make_server: Callable[[], grpc.aio.Server], history: History) -> None:
        self._door = door
        self._make_server = make_server
        self._history = history
        self._server: grpc.aio.Server | None = None
        self._before: dict[asyncio.Task[None], grpc.aio.Server] = {}
        self._said = ""

    async def open(self) -> None:
        """Serve there.

        Raises:
            OSError: it cannot be opened.
            CertificateError: the same, because of its certificate.
        """
        before, server = self._server, self._make_server()
        self._door.open(server)
        self._server = server
        if before is not None:
            self._leave_to_those_within(before)
        await server.start()

    async def keep_open(self) -> None:
        """Open it again where its socket is gone; say so, and once where that cannot be done."""
        place = self._door.place()
        if place is Place.OURS:
            self._said = ""
        elif place is Place.TAKEN:
            self._say(f"nobody hears what is said at {self._door}: it is not this daemon's any more; remove it")
        else:
            try:
                await self.open()
            except OSError as reason:
                self._say(f"somebody removed {self._door}, which cannot be made anew: {reason}")
            else:
                self._say(f"somebody removed {self._door}, which is made anew")
                self._said = ""

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._history.record(NoticeKind.SOCKET_LOST, text, details={"path": str(self._door)})

    def _leave_to_those_within(self, server: grpc.aio.Server) -> None:
        leaving = asyncio.create_task(server.stop(_TILL_THEY_GO_S))
        self._before[leaving] = server
        leaving.add_done_callback(lambda done: self._before.pop(done, None))

    async def close(self) -> None:
        """End every stream that came by it, and take it away."""
        before = list(self._before.items())
        for leaving, _ in before:
            leaving.cancel()
        servers = [server for _, server in before] + ([self._server] if self._server else [])
        await asyncio.gather(*(leaving for leaving, _ in before), return_exceptions=True)
        await asyncio.gather(*(server.stop(GRACE_S) for server in servers))
        self._door.close()

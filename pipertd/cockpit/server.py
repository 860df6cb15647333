"""The server: its socket, TLS, readiness, and an end in order."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import ssl
from types import FrameType
from typing import Any

import sdnotify
import uvicorn

from pipertd.cockpit.application import application
from pipertd.cockpit.connection import Connection
from pipertd.cockpit.limits import HEAD_S, MOST_HEAD_BYTES
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.settings import Settings
from pipertd.errors import SettingsError, cause_of

logger = logging.getLogger(__name__)

KEEP_ALIVE_S = 5
LEAVING_S = 5
_PATIENCE_S = 5.0  # that process 1 may be busy; what is not heard by then is lost
_BACKLOG = 128


class HttpServer(uvicorn.Server):
    """As uvicorn's; says when it is ready, and tells those that follow something that it ends."""

    def __init__(self, settings: Settings) -> None:
        """Nothing listens yet.

        Raises:
            SettingsError: certificate and key cannot be used.
        """
        self._application = application(settings)
        self._systemd = sdnotify.SystemdNotifier()
        if self._systemd.socket is not None:
            self._systemd.socket.settimeout(_PATIENCE_S)
        super().__init__(_config(settings, self._application))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer, then say so."""
        await super().startup(sockets)
        for each in sockets or ():
            print(f"pipertd-http listens on {_url(each, tls=self.config.is_ssl)}", flush=True)
        self._systemd.notify("READY=1")
        if self._systemd.socket is not None:
            self._systemd.socket.setblocking(False)  # of what follows, nothing is worth to have others wait for it

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; tell systemd that the loop moves every five."""
        if counter % 50 == 0 and "WATCHDOG_USEC" in os.environ:
            self._systemd.notify("WATCHDOG=1")
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """What is followed ends with a word; what was asked is answered."""
        self._systemd.notify("STOPPING=1")
        for telling in list(self._application.state.server.tellings):
            telling.end(Problem(503, "STOPPING", "pipertd-http is being stopped; come back in a moment"))
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's
        """To be stopped is no failure; the second signal does not wait."""
        self.force_exit = self.should_exit
        self.should_exit = True


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        SettingsError: nobody can listen there, or the settings would open it to all.
    """
    settings.check()
    if settings.certificate is None and not settings.is_local:
        logger.warning(
            "tokens cross the network in the clear: give --https-cert, or put a proxy before this that has TLS"
        )
    listening = listening_socket(settings)
    server = HttpServer(settings)
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(server.serve([listening]))


class _Loop(asyncio.SelectorEventLoop):
    """asyncio's, that waits for TLS no longer than for a head: by itself it gives a client a minute to say hello."""

    async def create_server(self, *args: Any, **kwargs: Any) -> asyncio.Server:
        """As asyncio's."""
        patience: dict[str, Any] = {"ssl_handshake_timeout": HEAD_S} if kwargs.get("ssl") else {}
        server: asyncio.Server = await super().create_server(*args, **(kwargs | patience))
        return server


def listening_socket(settings: Settings) -> socket.socket:
    """On the first address of the host.

    Raises:
        SettingsError: it is taken, or not ours.
    """
    address = settings.addresses[0]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, settings.port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as reason:
        why = cause_of(reason) if isinstance(reason, OSError) else str(reason)
        raise SettingsError(f"cannot listen on {settings.host}:{settings.port}: {why}") from None


def _config(settings: Settings, app: object) -> uvicorn.Config:
    config = uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=LEAVING_S,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as reason:
        raise SettingsError(f"cannot speak TLS with {settings.certificate}: {cause_of(reason)}") from None
    return config


def _url(listening: socket.socket, *, tls: bool) -> str:
    host, port, *_ = listening.getsockname()
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"

"""A client: one daemon, and the nouns that can be asked of it."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from pipertd.client.address import Address
from pipertd.client.wire import AsyncWire, Wire

if TYPE_CHECKING:
    from pipertd.client.events import Events
    from pipertd.client.logs import Logs
    from pipertd.client.pipelines import Pipelines
    from pipertd.client.quarantine import Quarantine
    from pipertd.client.status import StatusCalls
    from pipertd.client.taps import Taps
    from pipertd.client.tls import Tls
    from pipertd.client.verbatim import Verbatim

W = TypeVar("W", Wire, AsyncWire)


class _Nouns(Generic[W]):
    """What can be asked. Each noun is imported when it is first used, so that a short program starts quickly."""

    _wire: W

    @property
    def address(self) -> str:
        """Where the daemon is."""
        return str(self._wire.address)

    @cached_property
    def pipelines(self) -> Pipelines[W]:
        """What is loaded, and what is done to it: start, stop, pause, reload, link, …."""
        from pipertd.client.pipelines import Pipelines

        return Pipelines(self._wire)

    @cached_property
    def status(self) -> StatusCalls[W]:
        """The daemon, the snapshot of everything, and the notices behind it."""
        from pipertd.client.status import StatusCalls

        return StatusCalls(self._wire)

    @cached_property
    def events(self) -> Events[W]:
        """Events, with answers, and who handles them."""
        from pipertd.client.events import Events

        return Events(self._wire)

    @cached_property
    def logs(self) -> Logs[W]:
        """Log records, once or followed."""
        from pipertd.client.logs import Logs

        return Logs(self._wire)

    @cached_property
    def quarantine(self) -> Quarantine[W]:
        """Messages that were put aside."""
        from pipertd.client.quarantine import Quarantine

        return Quarantine(self._wire)

    @cached_property
    def taps(self) -> Taps[W]:
        """Looks at what passes on a link."""
        from pipertd.client.taps import Taps

        return Taps(self._wire)

    @cached_property
    def verbatim(self) -> Verbatim[W]:
        """Every call as the protos have it, for gateways."""
        from pipertd.client.verbatim import Verbatim

        return Verbatim(self._wire)


class Client(_Nouns[Wire]):
    """One daemon, for threads. Close it, or use it in a ``with``; connects at the first call."""

    def __init__(self, address: str | None = None, *, tls: Tls | None = None) -> None:
        """``address`` is ``unix:///PATH``, ``/PATH`` or ``HOST:PORT``; at the last ``tls`` says who calls.

        Without one, it is ``PIPERTD_ADDRESS`` of the environment, or else the socket of this machine's daemon.

        Raises:
            CertificateError: a file of ``tls`` cannot be used; nothing was sent.
            ValueError: ``address`` is none, or ``tls`` is given for a Unix socket.
        """
        self._wire = Wire(Address(address, tls))

    def close(self) -> None:
        """End every stream, and hang up. May be called from any thread."""
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(_Nouns[AsyncWire]):
    """One daemon, for asyncio. Made and used on one event loop; close it, or use it in an ``async with``."""

    def __init__(self, address: str | None = None, *, tls: Tls | None = None) -> None:
        """``address`` is ``unix:///PATH``, ``/PATH`` or ``HOST:PORT``; at the last ``tls`` says who calls.

        Without one, it is ``PIPERTD_ADDRESS`` of the environment, or else the socket of this machine's daemon.

        Raises:
            CertificateError: a file of ``tls`` cannot be used; nothing was sent.
            ValueError: ``address`` is none, or ``tls`` is given for a Unix socket.
            RuntimeError: no event loop runs; a channel belongs to the one on which it is made.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError("cannot make an AsyncClient: no event loop runs here; make it in a coroutine") from None
        self._wire = AsyncWire(Address(address, tls))

    async def close(self) -> None:
        """End every stream, and hang up."""
        await self._wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

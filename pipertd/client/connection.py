"""The connection to a daemon, and what its errors become."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pipertd.errors import PipertdError

if TYPE_CHECKING:
    from pipertd.client.definitions import Definitions
    from pipertd.client.events import Events
    from pipertd.client.logs import Logs
    from pipertd.client.pipelines import Pipelines
    from pipertd.client.quarantine import Quarantine
    from pipertd.client.status import StatusCalls

DEFAULT_ADDRESS = "unix:///run/pipertd/control.sock"
CALL_TIMEOUT_S = 60.0


class ClientError(PipertdError):
    """Raised when the daemon refuses or fails.

    ``code`` is gRPC's name of what happened (``NOT_FOUND``), ``reason`` the ErrorInfo's (``UNKNOWN_TARGET``).
    """

    def __init__(self, message: str, code: str, reason: str = "", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.metadata = code, reason, dict(metadata or {})


class Unreachable(ClientError):
    """Raised when no daemon answers at the address."""


class Client:
    """One daemon. Close it, or use it in a ``with``."""

    def __init__(self, address: str = DEFAULT_ADDRESS) -> None:
        """Connect at the first call; ``address`` is ``unix:///PATH``, ``/PATH`` or ``HOST:PORT``."""
        self.address = f"unix://{address}" if address.startswith("/") else address
        self.channel = grpc.insecure_channel(
            "unix:" + self.address.removeprefix("unix://") if self.address.startswith("unix://") else address,
            options=(("grpc.max_receive_message_length", 64 * 1024 * 1024),),
        )

    @cached_property
    def pipelines(self) -> Pipelines:
        """Pipelines: list, get, start, stop, restart, pause, resume, kill, link, unlink."""
        from pipertd.client.pipelines import Pipelines

        return Pipelines(self)

    @cached_property
    def definitions(self) -> Definitions:
        """Definitions: reload."""
        from pipertd.client.definitions import Definitions

        return Definitions(self)

    @cached_property
    def status(self) -> StatusCalls:
        """The snapshot and the notices."""
        from pipertd.client.status import StatusCalls

        return StatusCalls(self)

    @cached_property
    def events(self) -> Events:
        """Events, with answers."""
        from pipertd.client.events import Events

        return Events(self)

    @cached_property
    def logs(self) -> Logs:
        """Log records, once or followed."""
        from pipertd.client.logs import Logs

        return Logs(self)

    @cached_property
    def quarantine(self) -> Quarantine:
        """Messages that were put aside: list, get, read, drop."""
        from pipertd.client.quarantine import Quarantine

        return Quarantine(self)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn gRPC's errors into ours."""
        try:
            yield
        except grpc.RpcError as error:
            raise self._error(error) from None

    def _error(self, error: grpc.RpcError) -> ClientError:
        code = error.code().name
        status = rpc_status.from_call(error)
        for detail in status.details if status is not None else ():
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                return ClientError(status.message, code, info.reason, info.metadata)
        if code == "UNAVAILABLE":
            why = self._obstacle() or error.details()
            return Unreachable(f"cannot reach the daemon at {self.address}: {why}", code)
        return ClientError(error.details() or code, code)

    def _obstacle(self) -> str:
        """What stands in the way to a Unix socket; empty where that is not to be seen."""
        if not self.address.startswith("unix://"):
            return ""
        path = self.address.removeprefix("unix://")
        try:
            with socket.socket(socket.AF_UNIX) as attempt:
                attempt.settimeout(1.0)
                attempt.connect(path)
        except FileNotFoundError:
            return "there is no such socket"
        except ConnectionRefusedError:
            return "nobody listens there any more"
        except PermissionError:
            return "you may not use this socket; its group may"
        except OSError as reason:
            return (reason.strerror or str(reason)).lower()
        return ""

    def close(self) -> None:
        """Hang up."""
        self.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

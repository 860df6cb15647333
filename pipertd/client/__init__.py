"""A typed Python client of the daemon: plain records in and out, no generated type in its face.

Called by pipertctl and by anybody's programs. Holds one gRPC channel. May import only the stubs, names, errors,
and ``certificates`` where somebody calls over TLS.
"""

from __future__ import annotations

from pipertd.client.connection import AsyncClient as AsyncClient
from pipertd.client.connection import Client as Client
from pipertd.client.errors import ClientError as ClientError
from pipertd.client.errors import Closed as Closed
from pipertd.client.errors import DeadlineExceeded as DeadlineExceeded
from pipertd.client.errors import NoRoom as NoRoom
from pipertd.client.errors import NotFound as NotFound
from pipertd.client.errors import NotPermitted as NotPermitted
from pipertd.client.errors import RevisionTooOld as RevisionTooOld
from pipertd.client.errors import Unreachable as Unreachable
from pipertd.client.errors import WrongState as WrongState
from pipertd.client.tls import Tls as Tls
from pipertd.errors import CertificateError as CertificateError

__all__ = [
    "AsyncClient",
    "CertificateError",
    "Client",
    "ClientError",
    "Closed",
    "DeadlineExceeded",
    "NoRoom",
    "NotFound",
    "NotPermitted",
    "RevisionTooOld",
    "Tls",
    "Unreachable",
    "WrongState",
]

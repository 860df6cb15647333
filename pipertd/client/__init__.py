"""A typed Python client of the daemon: plain records in and out, no generated type in its face.

Called by pipertctl and by anybody's programs. Holds one gRPC channel. May import only the stubs, names and errors.
"""

from __future__ import annotations

from pipertd.client.connection import Client as Client
from pipertd.client.connection import ClientError as ClientError
from pipertd.client.connection import Unreachable as Unreachable

__all__ = ["Client", "ClientError", "Unreachable"]

"""The gRPC server on the control socket, with the standard health and reflection services."""

from __future__ import annotations

import os
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from pipertd.control.boundary import Streams
from pipertd.control.definitions import DefinitionService
from pipertd.control.events import EventService
from pipertd.control.logs import LogService
from pipertd.control.pipelines import PipelineService
from pipertd.control.quarantine import QuarantineService
from pipertd.control.status import StatusService
from pipertd.logs.reader import LogStore
from pipertd.quarantine import Quarantine
from pipertd.rpc import (
    definition_pb2,
    definition_pb2_grpc,
    event_pb2,
    event_pb2_grpc,
    log_pb2,
    log_pb2_grpc,
    pipeline_pb2,
    pipeline_pb2_grpc,
    quarantine_pb2,
    quarantine_pb2_grpc,
    status_pb2,
    status_pb2_grpc,
)
from pipertd.supervisor.reload import Reloader
from pipertd.supervisor.supervisor import Supervisor

SERVICES = tuple(
    service.full_name
    for file in (definition_pb2, event_pb2, log_pb2, pipeline_pb2, quarantine_pb2, status_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
)
MOST_REQUEST_BYTES = 1024 * 1024
GRACE_S = 0.5
_OPTIONS = (
    ("grpc.max_receive_message_length", MOST_REQUEST_BYTES),
    ("grpc.max_concurrent_streams", 128),  # of one connection
)


class ControlServer:
    """All services over one supervisor."""

    def __init__(self, supervisor: Supervisor, reloader: Reloader, logs: LogStore, quarantine: Quarantine) -> None:
        self._supervisor = supervisor
        self._reloader = reloader
        self._logs = logs
        self._quarantine = quarantine
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._path: Path | None = None

    async def start(self, path: Path) -> None:
        """Serve on a Unix socket at ``path``, mode 0660.

        The caller holds the runtime directory's lock: gRPC's bind steals a path that is in use and calls it success.

        Raises:
            OSError: the socket cannot be made.
        """
        server = grpc.aio.server(options=_OPTIONS)
        streams = Streams()
        definition_pb2_grpc.add_DefinitionServiceServicer_to_server(DefinitionService(self._reloader), server)
        pipeline_pb2_grpc.add_PipelineServiceServicer_to_server(
            PipelineService(self._supervisor, self._reloader), server
        )
        status_pb2_grpc.add_StatusServiceServicer_to_server(StatusService(self._supervisor, streams), server)
        event_pb2_grpc.add_EventServiceServicer_to_server(EventService(self._supervisor), server)
        log_pb2_grpc.add_LogServiceServicer_to_server(LogService(self._supervisor, self._logs, streams), server)
        quarantine_pb2_grpc.add_QuarantineServiceServicer_to_server(
            QuarantineService(self._supervisor, self._quarantine, streams), server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        _take_away(path)
        mask = os.umask(0o117)  # around the bind, so that no moment exists in which it is open to others
        try:
            server.add_insecure_port(f"unix:{path}")
        except RuntimeError as reason:
            raise OSError(f"cannot bind {path}: {reason}") from reason
        finally:
            os.umask(mask)
        await server.start()
        self._server, self._path = server, path
        for service in ("", *SERVICES):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Say NOT_SERVING, end every stream, and take the socket away."""
        if self._server is None or self._path is None:
            return
        await self._health.enter_graceful_shutdown()
        await self._server.stop(GRACE_S)
        _take_away(self._path)
        self._server = None


def _take_away(path: Path) -> None:
    """Remove a socket that nobody serves."""
    path.unlink(missing_ok=True)

"""One gRPC server a door, all over the same services, with the standard health and reflection services."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from pipertd.control.doorkeeper import Doorkeeper
from pipertd.control.doors import Door
from pipertd.control.doorway import Doorway
from pipertd.control.events import EventService
from pipertd.control.facts import DaemonFacts
from pipertd.control.health import Health
from pipertd.control.limits import OF_CONNECTIONS, Limits
from pipertd.control.logs import LogService
from pipertd.control.pipelines import PipelineService
from pipertd.control.quarantine import QuarantineService
from pipertd.control.reading import WholeRequests
from pipertd.control.roles import SERVICES
from pipertd.control.status import StatusService
from pipertd.control.taps import TapService, add_tap_service
from pipertd.errors import CertificateError
from pipertd.logs.store import LogStore
from pipertd.quarantine import Quarantine
from pipertd.rpc import event_pb2_grpc, log_pb2_grpc, pipeline_pb2_grpc, quarantine_pb2_grpc, status_pb2_grpc
from pipertd.supervisor.reload import Reloader
from pipertd.supervisor.supervisor import Supervisor

LOOK_S = 1.0  # how often is looked whether the sockets are still there
_OPTIONS = (*OF_CONNECTIONS, ("grpc.so_reuseport", 0))  # a port that somebody has is an error


class ControlServer:
    """All services over one supervisor, at every door."""

    def __init__(
        self, supervisor: Supervisor, reloader: Reloader, logs: LogStore, quarantine: Quarantine, facts: DaemonFacts
    ) -> None:
        self._limits = Limits()
        self._services: tuple[tuple[Callable[[Any, Any], None], Any], ...] = (  # how gRPC adds it, and what it does
            (pipeline_pb2_grpc.add_PipelineServiceServicer_to_server, PipelineService(supervisor, reloader)),
            (
                status_pb2_grpc.add_StatusServiceServicer_to_server,
                StatusService(supervisor, facts, self._limits.streams),
            ),
            (event_pb2_grpc.add_EventServiceServicer_to_server, EventService(supervisor)),
            (log_pb2_grpc.add_LogServiceServicer_to_server, LogService(supervisor, logs)),
            (quarantine_pb2_grpc.add_QuarantineServiceServicer_to_server, QuarantineService(supervisor, quarantine)),
            (add_tap_service, TapService(supervisor)),
        )
        self._health = Health(supervisor, SERVICES)
        self._history = supervisor.history
        self._doorways: list[Doorway] = []
        self._looking: asyncio.Task[None] | None = None

    async def open(self, doors: Sequence[Door]) -> None:
        """Serve at ``doors``.

        Raises:
            OSError: one of them cannot be opened; none is then.
            CertificateError: the same, because of its certificate.
        """
        try:
            for door in doors:
                doorway = Doorway(door, partial(self._server, door), self._history)
                self._doorways.append(doorway)
                await doorway.open()
        except (OSError, CertificateError):
            await self.stop()
            raise
        self._looking = asyncio.create_task(self._keep_open())

    async def _keep_open(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            for doorway in self._doorways:
                await doorway.keep_open()

    def _server(self, door: Door) -> grpc.aio.Server:
        server = grpc.aio.server(interceptors=(Doorkeeper(door, self._limits), WholeRequests()), options=_OPTIONS)
        for add, service in self._services:
            add(service, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        return server

    async def stop(self) -> None:
        """Say NOT_SERVING, end every stream, and close the doors."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))
        self._health.leave()
        await asyncio.gather(*(doorway.close() for doorway in self._doorways))
        self._doorways.clear()

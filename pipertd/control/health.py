"""The standard health service: of the daemon (""), of each of its services, and of each pipeline as ``pipeline/NAME``.

A pipeline is SERVING while it is RUNNING, and NOT_SERVING in every other state; EXITED is no exception, for
nothing comes out of it any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from functools import partial

from grpc_health.v1 import health_pb2, health_pb2_grpc

from pipertd.control.boundary import stream, unary
from pipertd.control.errors import UnknownService
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import State

OF_PIPELINES = "pipeline/"
_Status = health_pb2.HealthCheckResponse


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # it has no types
    """See grpc/health/v1/health.proto. A watch waits for changes of state: nothing is polled."""

    def __init__(self, supervisor: Supervisor, services: Iterable[str]) -> None:
        self._supervisor = supervisor
        self._services = ("", *services)
        self._leaving = False

    def leave(self) -> None:
        """Nothing is SERVING from now on, which watchers are told."""
        self._leaving = True
        self._supervisor.changes.beat()

    @unary
    async def Check(self, request: health_pb2.HealthCheckRequest) -> health_pb2.HealthCheckResponse:  # noqa: N802
        """How it is now."""
        status = self._status(request.service)
        if status == _Status.SERVICE_UNKNOWN:
            raise UnknownService(request.service)
        return _Status(status=status)

    @unary
    async def List(self, _: health_pb2.HealthListRequest) -> health_pb2.HealthListResponse:  # noqa: N802
        """How everything is now."""
        names = (*self._services, *(OF_PIPELINES + name for name in self._supervisor.states))
        return health_pb2.HealthListResponse(statuses={name: _Status(status=self._status(name)) for name in names})

    @stream
    async def Watch(  # noqa: N802
        self, request: health_pb2.HealthCheckRequest
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """How it is, and each time that it is otherwise; what is not known may come to be."""
        name = request.service
        while True:
            status = self._status(name)
            yield _Status(status=status)
            await self._supervisor.changes.until(partial(self._differs, name, status))

    def _differs(self, service: str, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> bool:
        return bool(self._status(service) != status)

    def _status(self, service: str) -> health_pb2.HealthCheckResponse.ServingStatus.ValueType:
        if service in self._services:
            return _Status.NOT_SERVING if self._leaving else _Status.SERVING
        state = self._supervisor.states.get(service.removeprefix(OF_PIPELINES))
        if state is None or not service.startswith(OF_PIPELINES):
            return _Status.SERVICE_UNKNOWN
        return _Status.SERVING if state is State.RUNNING and not self._leaving else _Status.NOT_SERVING

"""The standard health service: of the daemon, its services and its pipelines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.process.calls import channel_to, error_info
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


@contextmanager
def health_of(daemon: Daemon) -> Iterator[health_pb2_grpc.HealthStub]:
    write_definition(
        daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "out", pause_s=0.01), autostart=False
    )
    daemon.start()
    daemon.wait_for("pipeline_loaded")
    with channel_to(daemon) as channel:
        yield health_pb2_grpc.HealthStub(channel)


def watch(health: health_pb2_grpc.HealthStub, service: str) -> Iterator[int]:
    request = health_pb2.HealthCheckRequest(service=service)
    return (each.status for each in health.Watch(request, timeout=10 * DEADLINE_S))  # of all that it is to see


def test_a_pipeline_serves_while_it_runs(daemon: Daemon) -> None:
    """A watch follows its states, and each is told once; a check says the same."""
    with health_of(daemon) as health:
        seen = watch(health, "pipeline/p")
        assert next(seen) == NOT_SERVING
        for command, status in (("start", SERVING), ("stop", NOT_SERVING), ("start", SERVING)):
            assert daemon.ctl(command, "p").returncode == 0
            assert next(seen) == status
            request = health_pb2.HealthCheckRequest(service="pipeline/p")
            assert health.Check(request, timeout=DEADLINE_S).status == status


def test_a_pipeline_is_unknown_until_it_is_loaded_and_when_it_is_removed(daemon: Daemon) -> None:
    """A watch may begin before and goes on behind; a check is refused with NOT_FOUND."""
    with health_of(daemon) as health:
        seen = watch(health, "pipeline/q")
        assert next(seen) == SERVICE_UNKNOWN
        with pytest.raises(grpc.RpcError) as refused:
            health.Check(health_pb2.HealthCheckRequest(service="pipeline/q"), timeout=DEADLINE_S)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        assert error_info(refused.value).reason == "UNKNOWN_SERVICE"
        file = write_definition(daemon.definitions / "q.yaml", counts(), writes(daemon.folder / "q"), autostart=False)
        assert daemon.ctl("reload").returncode == 0
        assert next(seen) == NOT_SERVING
        file.unlink()
        assert daemon.ctl("reload").returncode == 0
        assert next(seen) == SERVICE_UNKNOWN


def test_the_daemon_and_its_services_serve_until_it_leaves(daemon: Daemon) -> None:
    """All of them are listed; who watches hears of the end before the stream ends."""
    with health_of(daemon) as health:
        listed = health.List(health_pb2.HealthListRequest(), timeout=DEADLINE_S).statuses
        assert {name: listed[name].status for name in ("", "pipertd.v1.StatusService", "pipeline/p")} == {
            "": SERVING,
            "pipertd.v1.StatusService": SERVING,
            "pipeline/p": NOT_SERVING,
        }
        seen = watch(health, "")
        assert next(seen) == SERVING
        assert daemon.process is not None
        daemon.process.terminate()
        assert next(seen) == NOT_SERVING

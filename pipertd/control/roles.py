"""Roles, and which rpc takes which: read off the protos, once, when the daemon starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import MethodOptions
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from pipertd.rpc import (
    authority_pb2,
    event_pb2,
    log_pb2,
    pipeline_pb2,
    quarantine_pb2,
    status_pb2,
    tap_pb2,
)

OURS: tuple[Any, ...] = (event_pb2, log_pb2, pipeline_pb2, quarantine_pb2, status_pb2, tap_pb2)
STANDARD: tuple[Any, ...] = (health_pb2, reflection_pb2)
SERVICES = tuple(service.full_name for file in OURS for service in file.DESCRIPTOR.services_by_name.values())


class Role(IntEnum):
    """What a caller may do: each role all that the ones before it may. See protos/pipertd/v1/authority.proto."""

    OBSERVER = authority_pb2.ROLE_OBSERVER
    OPERATOR = authority_pb2.ROLE_OPERATOR
    ADMIN = authority_pb2.ROLE_ADMIN

    def __str__(self) -> str:
        """As people and settings write it."""
        return self.name.lower()


@dataclass(frozen=True)
class Rpc:
    """One rpc: its name without the service's, the least role that may call it, whether it changes or streams."""

    name: str
    least_role: Role
    changes: bool
    is_stream: bool


def _rpc(method: MethodDescriptor, *, standard: bool) -> Rpc:
    """Standard services carry no role of ours: they tell what any observer may know.

    Raises:
        TypeError: it is ours, and its proto does not say who may call it. The daemon does not start then.
    """
    if standard:
        return Rpc(method.name, Role.OBSERVER, changes=False, is_stream=method.server_streaming)
    options = method.GetOptions()
    role = options.Extensions[authority_pb2.least_role]
    if role == authority_pb2.ROLE_UNSPECIFIED:
        raise TypeError(f"rpc {method.full_name} has no option (pipertd.v1.least_role)")
    changes = options.idempotency_level != MethodOptions.NO_SIDE_EFFECTS
    return Rpc(method.name, Role(role), changes, method.server_streaming)


def rpcs_of(files: tuple[Any, ...], *, standard: bool = False) -> Iterator[tuple[str, Rpc]]:
    """The rpcs of all services in ``files``, under the paths by which gRPC calls them."""
    for file in files:
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                yield f"/{service.full_name}/{method.name}", _rpc(method, standard=standard)


RPCS = dict((*rpcs_of(OURS), *rpcs_of(STANDARD, standard=True)))

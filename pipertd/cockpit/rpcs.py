"""The rpcs of the daemon as this process knows them: their messages, who may call them, and whether they change.

All of it is read off the descriptors, so that no role stands in two places.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from google.protobuf.descriptor_pb2 import MethodOptions
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from pipertd.rpc import authority_pb2, event_pb2, log_pb2, pipeline_pb2, quarantine_pb2, status_pb2, tap_pb2

_FILES: tuple[Any, ...] = (event_pb2, log_pb2, pipeline_pb2, quarantine_pb2, status_pb2, tap_pb2)


class Right(IntEnum):
    """What a caller of this server may do, each right all that the ones before it may."""

    NOTHING = 0
    READ = 1
    CONTROL = 2

    def __str__(self) -> str:
        return self.name.lower()


class Rpc(NamedTuple):
    """One rpc, named ``SERVICE/RPC``."""

    name: str
    request: type[Message]
    response: type[Message]
    right: Right
    changes: bool


def _rpcs() -> Iterator[Rpc]:
    for file in _FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                options = method.GetOptions()
                looks = options.Extensions[authority_pb2.least_role] == authority_pb2.ROLE_OBSERVER
                yield Rpc(
                    f"{service.name}/{method.name}",
                    GetMessageClass(method.input_type),
                    GetMessageClass(method.output_type),
                    Right.READ if looks else Right.CONTROL,
                    options.idempotency_level != MethodOptions.NO_SIDE_EFFECTS,
                )


RPCS = {rpc.name: rpc for rpc in _rpcs()}

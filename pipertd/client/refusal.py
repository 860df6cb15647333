"""From gRPC's errors to ours. The daemon's own words are in a google.rpc.Status with one ErrorInfo."""

from __future__ import annotations

from typing import Any

import grpc

from pipertd.client.address import Address
from pipertd.client.errors import (
    ClientError,
    DeadlineExceeded,
    NoRoom,
    NotFound,
    NotPermitted,
    RevisionTooOld,
    Unreachable,
    WrongState,
)

_UNAVAILABLE = "UNAVAILABLE"
_CLASSES: dict[str, type[ClientError]] = {
    "NOT_FOUND": NotFound,
    "FAILED_PRECONDITION": WrongState,
    "PERMISSION_DENIED": NotPermitted,
    "UNAUTHENTICATED": NotPermitted,
    "OUT_OF_RANGE": RevisionTooOld,
    "RESOURCE_EXHAUSTED": NoRoom,
}


def refusal(error: grpc.RpcError, address: Address, timeout_s: float | None = None) -> ClientError:
    """What a call ended with, in clear words; ``timeout_s`` is how long it waited at most, if it had an end."""
    code = error.code().name
    told = _told(error, code)
    if told is not None:
        return told
    if code == _UNAVAILABLE:
        details = error.details() or "it hung up"
        words, is_there = address.obstacle(details)
        return Unreachable(f"cannot reach the daemon at {address}: {words or details}", code, is_there=is_there)
    if code == "CANCELLED":  # not by us: a server of gRPC ends so what it has not begun with
        words = "it stops, or has too many calls to look at, and has not begun with this one"
        return Unreachable(f"cannot reach the daemon at {address}: {words}", _UNAVAILABLE)
    if code == "DEADLINE_EXCEEDED":
        in_time = "in time" if timeout_s is None else f"in {timeout_s:g} s"
        return DeadlineExceeded(
            f"cannot wait any longer for the daemon at {address}: it has not answered {in_time}", code
        )
    return _CLASSES.get(code, ClientError)(error.details() or code, code)


def _told(error: grpc.RpcError, code: str) -> ClientError | None:
    """The daemon's own words, where it had any."""
    trailer: Any = error.trailing_metadata()
    if not trailer or "grpc-status-details-bin" not in dict(trailer):
        return None
    from google.rpc import error_details_pb2  # here: a call that goes well does not need them
    from grpc_status import rpc_status

    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            kind = _CLASSES.get(code, Unreachable if code == _UNAVAILABLE else ClientError)
            return kind(status.message, code, info.reason, info.metadata)
    return None

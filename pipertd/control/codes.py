"""From our errors to gRPC's codes: google.rpc.Status with one ErrorInfo. The only place that knows the codes."""

from __future__ import annotations

import re

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from pipertd import errors

DOMAIN = "pipertd"


class TooManyStreams(errors.PipertdError):
    """Raised when no more streams may be opened."""


class BadRequest(errors.PipertdError):
    """Raised when a request says what cannot be meant."""


_CODES: tuple[tuple[type[errors.PipertdError], int], ...] = (
    (errors.UnknownTarget, code_pb2.NOT_FOUND),
    (errors.UnknownMessage, code_pb2.NOT_FOUND),
    (errors.WrongState, code_pb2.FAILED_PRECONDITION),
    (errors.RevisionTooOld, code_pb2.OUT_OF_RANGE),
    (errors.MessageError, code_pb2.INVALID_ARGUMENT),
    (errors.InvalidDefinition, code_pb2.INVALID_ARGUMENT),
    (errors.LinkExists, code_pb2.ALREADY_EXISTS),
    (BadRequest, code_pb2.INVALID_ARGUMENT),
    (errors.SegmentError, code_pb2.RESOURCE_EXHAUSTED),
    (TooManyStreams, code_pb2.RESOURCE_EXHAUSTED),
    (errors.PipertdError, code_pb2.UNKNOWN),
)


def status_of(error: errors.PipertdError) -> grpc.Status:
    """The status to end a call with; its ErrorInfo's reason is the error's name in capitals."""
    code = next(code for kind, code in _CODES if isinstance(error, kind))
    metadata = {name: str(value) for name, value in vars(error).items() if not name.startswith("_")}
    return _status(code, str(error), re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).upper(), metadata)


def internal_error() -> grpc.Status:
    """What a client is told of a fault of ours; the log has the rest."""
    return _status(code_pb2.INTERNAL, "this is a bug in pipertd; its log has the traceback", "INTERNAL", {})


def _status(code: int, message: str, reason: str, metadata: dict[str, str]) -> grpc.Status:
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    detail = any_pb2.Any()
    detail.Pack(info)
    status: grpc.Status = rpc_status.to_status(status_pb2.Status(code=code, message=message, details=[detail]))
    return status

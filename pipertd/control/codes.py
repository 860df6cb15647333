"""From our errors to what a client is told: google.rpc.Status with one ErrorInfo. The only place that knows the codes.

What is not in ``REASONS`` is no refusal but a fault of ours. A status travels in headers, which are short: gRPC's own
limit is 8 KiB for all of them, and the text is in there twice.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import NamedTuple

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from pipertd import errors
from pipertd.control.caller import NotPermitted
from pipertd.control.errors import (
    BadRequest,
    RequestTooLarge,
    TooManyCalls,
    TooManyStreams,
    TooManyTaps,
    UnknownRpc,
    UnknownService,
)

DOMAIN = "pipertd"
MOST_TEXT = 1000  # characters
MOST_VALUE = 200

logger = logging.getLogger(__name__)


class Reason(NamedTuple):
    """A kind of refusal: the error, its code, and which of the error's attributes a client is told."""

    error: type[errors.PipertdError]
    code: int
    metadata: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """As ErrorInfo has it: the error's name in capitals."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.error.__name__).upper()


REASONS = (
    Reason(BadRequest, code_pb2.INVALID_ARGUMENT),
    Reason(errors.MessageError, code_pb2.INVALID_ARGUMENT),
    Reason(errors.InvalidDefinition, code_pb2.INVALID_ARGUMENT),
    Reason(errors.NoTap, code_pb2.INVALID_ARGUMENT, ("link",)),
    Reason(errors.UnknownTarget, code_pb2.NOT_FOUND, ("target",)),
    Reason(errors.UnknownMessage, code_pb2.NOT_FOUND, ("message",)),
    Reason(UnknownService, code_pb2.NOT_FOUND, ("service",)),
    Reason(errors.LinkExists, code_pb2.ALREADY_EXISTS),
    Reason(NotPermitted, code_pb2.PERMISSION_DENIED, ("what", "role", "least_role", "door", "name")),
    Reason(errors.WrongState, code_pb2.FAILED_PRECONDITION, ("action", "target", "state")),
    Reason(errors.LogsUnreadable, code_pb2.FAILED_PRECONDITION),
    Reason(errors.RevisionTooOld, code_pb2.OUT_OF_RANGE, ("asked", "oldest", "newest", "epoch")),
    Reason(errors.SegmentError, code_pb2.RESOURCE_EXHAUSTED),
    Reason(errors.LaunchFailed, code_pb2.RESOURCE_EXHAUSTED),
    Reason(TooManyStreams, code_pb2.RESOURCE_EXHAUSTED),
    Reason(TooManyCalls, code_pb2.RESOURCE_EXHAUSTED),
    Reason(TooManyTaps, code_pb2.RESOURCE_EXHAUSTED),
    Reason(RequestTooLarge, code_pb2.RESOURCE_EXHAUSTED),
    Reason(errors.TapEnded, code_pb2.UNAVAILABLE),
    Reason(errors.StillLoading, code_pb2.UNAVAILABLE, ("target",)),
    Reason(UnknownRpc, code_pb2.UNIMPLEMENTED, ("method",)),
)
INTERNAL = "INTERNAL"


def status_of(error: errors.PipertdError) -> grpc.Status:
    """The status to end a call with."""
    reason = next((each for each in REASONS if isinstance(error, each.error)), None)
    if reason is None:
        logger.error("an error that clients know nothing of: %s", error, exc_info=error)
        return internal_error()
    metadata = {name: _short(str(getattr(error, name)), MOST_VALUE) for name in reason.metadata}
    return _status(reason.code, _short(str(error), MOST_TEXT), reason.name, metadata)


def internal_error() -> grpc.Status:
    """What a client is told of a fault of ours; the log has the rest."""
    return _status(code_pb2.INTERNAL, "this is a bug in pipertd; its log has the traceback", INTERNAL, {})


def _short(text: str, most: int) -> str:
    """No character of it takes more room than another: what is not ASCII is written as an escape where it is long."""
    if len(text) <= most and text.isascii():
        return text
    text = text if len(text.encode()) <= most // 3 else text.encode("ascii", "backslashreplace").decode()
    return text if len(text) <= most else text[: most - 3] + "..."


def reason_of(trailer: Iterable[tuple[str, str | bytes]] | None) -> str:
    """The ErrorInfo's reason in the trailing metadata of a call that was ended with a status of ours; else empty."""
    for key, value in trailer or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return str(info.reason)
    return ""


def _status(code: int, message: str, reason: str, metadata: dict[str, str]) -> grpc.Status:
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    detail = any_pb2.Any()
    detail.Pack(info)
    status: grpc.Status = rpc_status.to_status(status_pb2.Status(code=code, message=message, details=[detail]))
    return status

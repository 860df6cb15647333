"""The audit: one line in the daemon's log for each rpc that changes something, and for each that was refused to a role.

So is each that a handler notes: what runs somebody's code, or shows somebody a message, changes nothing, and is to be
known all the same. A tap, which may last for days, has a line when it begins too.

Who called (the door for certain, a user id as claimed, or a certificate's name and an address), what, how it ended, and
how long it took. Never what events, definitions or messages carry: that may be secret. Of refusals there is a line a
second for each caller, which says for how many it stands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import grpc
from google.protobuf import struct_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from pipertd.clock import monotonic_s
from pipertd.control.caller import Caller
from pipertd.control.codes import reason_of
from pipertd.control.handling import Context
from pipertd.control.refusals import Refusals
from pipertd.control.roles import Rpc
from pipertd.rpc import pipeline_pb2

LONGEST_VALUE = 100
MOST_NAMES = 20
BEGUN = "BEGUN"
NOT_PERMITTED = "NOT_PERMITTED"

logger = logging.getLogger(__name__)


class Audit:
    """The audit of one door."""

    def __init__(self) -> None:
        self._refusals = Refusals()

    @contextmanager
    def of(self, rpc: Rpc, caller: Caller, request: Any, context: Context) -> Iterator[None]:
        """Log how the block ended, in one line, where it is a change or a refusal."""
        entry = _Entry(rpc, caller, request, is_noted=rpc.changes)
        _being_made.set(entry)  # each rpc is a task of its own, so nobody has to take it back
        code, reason = "OK", ""
        try:
            yield
        except grpc.aio.AbortError:
            code, reason = grpc_code(context), reason_of(context.trailing_metadata())
            raise
        except asyncio.CancelledError:  # the daemon stops, or who looked went
            code = "CANCELLED"
            raise
        finally:
            if reason == NOT_PERMITTED:
                if count := self._refusals.count(caller.name, monotonic_s()):
                    entry.log(code, reason, count)
            elif entry.is_noted:
                entry.log(code, reason)


class _Entry:
    """What is to be told of one call."""

    def __init__(self, rpc: Rpc, caller: Caller, request: Any, *, is_noted: bool) -> None:
        self.is_noted = is_noted
        self.request = request
        self._rpc, self._caller = rpc, caller
        self._begin_s = monotonic_s()

    def log(self, code: str, reason: str, count: int = 1) -> None:
        """Write the line."""
        _log(self._rpc, self._caller, self.request, code, reason, monotonic_s() - self._begin_s, count)


_being_made: ContextVar[_Entry] = ContextVar("call")


def note(request: Message, *, begins: bool = False) -> None:
    """Have the rpc that is being handled in the audit, with ``request``, though it changes nothing.

    Where it only ``begins``, that has a line too: its end may be days away.
    """
    entry = _being_made.get()
    entry.is_noted, entry.request = True, request
    if begins:
        entry.log(BEGUN, "")


def _log(rpc: Rpc, caller: Caller, request: Any, code: str, reason: str, duration_s: float, count: int) -> None:
    details = " ".join(_told(request)) if isinstance(request, Message) else ""
    logger.info(
        "%s: %s%s in %.3f s, asked by %s%s",
        f"{rpc.name} {details}".rstrip(),
        code,
        f" ({reason})" if reason else "",
        duration_s,
        _who(caller),
        f"; the last of {count} refusals" if count > 1 else "",
        extra={
            "rpc": rpc.name,
            "request": details,
            "door": caller.door,
            "role": str(caller.role or "none"),
            "certificate": printable(caller.name),
            "peer": caller.peer,
            "claimed_uid": caller.claimed_uid,
            "code": code,
            "reason": reason,
            "duration_s": round(duration_s, 6),
            "count": count,
        },
    )


def _who(caller: Caller) -> str:
    claimed = f", uid {caller.claimed_uid} as it claims" if caller.claimed_uid else ""
    if caller.peer:
        return f"{printable(caller.name) or 'nobody'} at {caller.peer} over TLS, role {caller.role or 'none'}{claimed}"
    return f"{caller.door}, role {caller.role}{claimed}"


def _told(request: Message) -> Iterator[str]:
    """The fields that tell what was asked: plain ones as they are, of others their size or the names in them."""
    for field, value in request.ListFields():
        if isinstance(value, pipeline_pb2.Target):
            yield printable("/".join(filter(None, (value.pipeline, value.flow, value.routine))))
        elif field.is_repeated:
            yield f"{field.name}: {len(value)}"
        elif field.enum_type is not None and value in field.enum_type.values_by_number:
            yield f"{field.name}={field.enum_type.values_by_number[value].name}"
        elif field.type != FieldDescriptor.TYPE_MESSAGE:
            yield f"{field.name}={printable(str(value))}"
        elif isinstance(value, struct_pb2.Struct):
            names = sorted(value.fields)
            more = ", …" if len(names) > MOST_NAMES else ""
            yield f"{field.name}: {', '.join(map(printable, names[:MOST_NAMES]))}{more}"


def printable(text: str) -> str:
    """``text`` in one line that no terminal obeys: cut where it is long, and what cannot be printed escaped."""
    cut = text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut)


def grpc_code(context: Context) -> str:
    """The name of the code that a call was ended with."""
    code: Any = context.code()
    return next((each.name for each in grpc.StatusCode if code in (each, each.value[0])), str(code))

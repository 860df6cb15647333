"""Every rpc of every service with requests that its descriptor allows and nobody would make.

PIPERTD_FUZZ_EXAMPLES asks for more of them, other ones each time: `make fuzz`.
"""

from __future__ import annotations

import math
import os
from typing import Any

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.process.definitions import counts, write_definition, writes
from tests.process.hostile import Raw, Rpc, rpcs, tracebacks
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

EXAMPLES = int(os.environ.get("PIPERTD_FUZZ_EXAMPLES", "0"))
WAIT_S = 0.2  # for each answer: an event has to cross to a flow and back, and a stream may have nothing to say
DEEPEST = 4
# Words that mean something to somebody, so that requests come further than the first check.
WORDS = [
    *(
        "",
        "p",
        "a",
        "b",
        "count",
        "sink",
        "a/count",
        "b/sink",
        "p/a",
        "target",
        "other",
        "no such",
        "..",
        "/",
        "p\0",
        "\u202e",
    ),
    *(
        "wait",
        "drop_oldest",
        "drop_newest",
        "stop",
        "kill",
        "log_data",
        "update_fps",
        "pipertd.v1.StatusService",
        "5:0:0",
    ),
    *(
        "pipeline/p",
        "DAEMON.log",
        "p/a:1:2:3",
        "pipeline: p",
        "{flows: {a: {routines: {x: {class: os:abort}}}}}",
        "x" * 5000,
    ),
]
NUMBERS = [0, 1, -1, 64, 100_000, 2**31 - 1, -(2**31)]
LONG_NUMBERS = [*NUMBERS, 2**53, 2**63 - 1, -(2**63)]
_INTEGERS = {
    FieldDescriptor.TYPE_INT32: st.sampled_from(NUMBERS) | st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: st.sampled_from(LONG_NUMBERS) | st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
}
_PLAIN: dict[int, st.SearchStrategy[Any]] = {
    **_INTEGERS,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_STRING: st.sampled_from(WORDS) | st.text(max_size=30),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=300),
    FieldDescriptor.TYPE_DOUBLE: st.floats() | st.sampled_from([math.nan, math.inf, -0.0, 1e308]),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.TYPE_ENUM: st.integers(-1, 9)
    | st.sampled_from(NUMBERS),  # proto3 keeps numbers that it does not know
}
OK_OR_TOLD = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAVAILABLE,  # a tap whose run is over
    grpc.StatusCode.DEADLINE_EXCEEDED,  # a stream that has nothing to say, or a change that takes longer than we wait
}


def messages(descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Message]:
    """Messages of a type: any of its fields set, to anything that can be written down."""
    made = GetMessageClass(descriptor)
    if depth >= DEEPEST:
        return st.just(made())
    fields = {field.name: _values(field, depth) for field in descriptor.fields}
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: _filled(made(), values))


def _values(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        keys, values = (_one(entry.fields_by_name[name], depth) for name in ("key", "value"))
        return st.dictionaries(keys, values, max_size=3)
    one = st.deferred(lambda: _one(field, depth))
    return st.lists(one, max_size=3) if field.is_repeated else one


def _one(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    return messages(field.message_type, depth + 1) if field.message_type else _PLAIN[field.type]


def _filled(message: Message, values: dict[str, Any]) -> Message:
    """Set them in the order drawn, so that of a oneof the last one stays."""
    for name, value in values.items():
        if isinstance(value, dict):
            for key, one in value.items():
                if isinstance(one, Message):
                    getattr(message, name)[key].CopyFrom(one)
                else:
                    getattr(message, name)[key] = one
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        elif isinstance(value, Message):
            getattr(message, name).CopyFrom(value)
        else:
            setattr(message, name, value)
    return message


def test_whatever_is_asked_the_daemon_answers_and_goes_on(daemon: Daemon) -> None:
    """No request of any rpc is answered by INTERNAL or UNKNOWN, or touches a pipeline that it does not name."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "p", pause_s=0.01))
    write_definition(daemon.definitions / "untouched.yaml", counts(), writes(daemon.folder / "u", pause_s=0.01))
    daemon.start()
    daemon.wait_loaded()
    wait_until(lambda: daemon.status("untouched").get("state") == "RUNNING", DEADLINE_S, "untouched")
    raw = Raw(daemon.runtime / "control.sock")
    try:
        for rpc in rpcs():
            fuzz(raw, rpc)
            assert tracebacks(daemon) == [], rpc.path
    finally:
        raw.close()
    untouched = daemon.status("untouched")
    assert (untouched["state"], [flow["generation"] for flow in untouched["flows"]]) == ("RUNNING", [1, 1])


def fuzz(raw: Raw, rpc: Rpc) -> None:
    """Ask one rpc all kinds of things."""

    @settings(
        max_examples=EXAMPLES or 30,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(messages(rpc.request), min_size=1, max_size=4 if rpc.request_streaming else 1))
    def ask(asked: list[Message]) -> None:
        answer = raw.answer(rpc, *(one.SerializeToString() for one in asked), responses=2, timeout_s=WAIT_S)
        assert answer.code() in OK_OR_TOLD, f"{rpc.path}: {answer.code()} {answer.details()}"

    ask()

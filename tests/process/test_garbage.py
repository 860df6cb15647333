"""Clients that send what is no request, no call, or no HTTP/2."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2

from pipertd.client import Client
from pipertd.control.limits import MOST_REQUEST_BYTES
from pipertd.rpc import event_pb2, log_pb2, pipeline_pb2
from tests.process.definitions import counts, write_definition, writes
from tests.process.hostile import (
    DATA,
    END_HEADERS,
    HEADERS,
    PING,
    PREFACE,
    SETTINGS,
    Connection,
    Raw,
    Rpc,
    frame,
    packed,
    rpcs,
    tracebacks,
)
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

RPCS = {rpc.path: rpc for rpc in rpcs()}
NOTIFY = RPCS["/pipertd.v1.EventService/NotifyEvent"]
READ_LOGS = RPCS["/pipertd.v1.LogService/ReadLogs"]
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(190))
Code = grpc.StatusCode


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon whose pipeline p runs; it must be as well after each test as before."""
    daemon = Daemon(tmp_path_factory.mktemp("served"))
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.01))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p")
    yield daemon
    assert daemon.stop() == 0


@pytest.fixture
def control(served: Daemon) -> Iterator[Path]:
    """Its socket; afterwards all is as if nothing had been sent."""
    path = served.runtime / "control.sock"
    yield path
    with Client(f"unix://{path}") as client:
        (pipeline,) = client.status.get().pipelines
        assert (pipeline.state, [flow.generation for flow in pipeline.flows]) == ("RUNNING", [1, 1])
    assert tracebacks(served) == []


@pytest.fixture
def raw(control: Path) -> Iterator[Raw]:
    one = Raw(control)
    yield one
    one.close()


@pytest.mark.parametrize("rpc", RPCS.values(), ids=lambda rpc: rpc.path.rpartition("/")[2])
def test_what_is_no_message_is_refused_as_such(rpc: Rpc, raw: Raw) -> None:
    """Bytes that cannot be parsed are INVALID_ARGUMENT, and too many of them RESOURCE_EXHAUSTED, of every rpc."""
    expected = {Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED}
    for data in (b"\xff" * 20, b"\x0a\x7fcut off", b"\x0b"):
        assert raw.answer(rpc, data).code() in expected
    too_large = b"\xfa\x3f\x80\x80\x40" + bytes(MOST_REQUEST_BYTES)  # an unknown field 1007 of 1 MiB
    assert raw.answer(rpc, too_large).code() in {Code.RESOURCE_EXHAUSTED, Code.UNIMPLEMENTED}


def test_text_that_is_no_utf8_is_refused(raw: Raw) -> None:
    """A string of a request is text, or the request is none."""
    assert raw.answer(NOTIFY, b"\x0a\x02\xff\xfe").code() is Code.INVALID_ARGUMENT


def test_a_method_that_does_not_exist_is_unimplemented(raw: Raw) -> None:
    """Whatever is called, gRPC's word for it is the answer."""
    for path in ("/pipertd.v1.PipelineService/Explode", "/nobody/Home", "/", "/\x7f/..//"):
        assert raw.answer(Rpc(path, None, request_streaming=False, response_streaming=False), b"").code() is (
            Code.UNIMPLEMENTED
        )


def _notify(**said: object) -> bytes:
    aim = pipeline_pb2.Target(pipeline="p")
    return event_pb2.NotifyEventRequest(event="log_data", target=aim, **said).SerializeToString()  # type: ignore[arg-type]


def _nested(depth: int) -> bytes:
    """The bytes of a Struct in Structs, which no library would make."""
    inner = b""
    for _ in range(depth):
        value = b"\x2a" + _sized(inner)  # Value.struct_value
        inner = b"\x0a" + _sized(b"\x0a\x01a\x12" + _sized(value))  # Struct.fields["a"]
    return b"\x1a" + _sized(inner)  # NotifyEventRequest.params


def _sized(data: bytes) -> bytes:
    length, sized = len(data), b""
    while length >= 128:
        sized, length = sized + bytes([length % 128 + 128]), length // 128
    return sized + bytes([length]) + data


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_have_are_refused(raw: Raw, number: float) -> None:
    """An event's parameters are what JSON can say."""
    params = struct_pb2.Struct(fields={"x": struct_pb2.Value(number_value=number)})
    assert raw.answer(NOTIFY, _notify(params=params)).code() is Code.INVALID_ARGUMENT


@pytest.mark.parametrize("depth", [20, 31, 32, 33, 48, 49, 50, 90, 100, 5_000])
def test_parameters_in_parameters_are_carried_or_refused(raw: Raw, depth: int) -> None:
    """However deep they are nested, it is the client that hears of it, and no stack that overflows."""
    said = event_pb2.NotifyEventRequest(event="log_data", target=pipeline_pb2.Target(pipeline="p"))
    answer = raw.answer(NOTIFY, said.SerializeToString() + _nested(depth))
    assert answer.code() in {Code.OK, Code.INVALID_ARGUMENT}


@pytest.mark.parametrize(
    ("seconds", "nanos"), [(-1, 0), (0, -1), (0, 0), (301, 0), (2**63 - 1, 0), (-(2**63), 0), (1, 2**31 - 1), (1, -5)]
)
def test_a_time_to_wait_that_cannot_be_meant_is_refused(raw: Raw, seconds: int, nanos: int) -> None:
    """Negative, endless, of the wrong sign, or beyond what a Duration may hold: each is said."""
    timeout = duration_pb2.Duration(seconds=seconds, nanos=nanos)
    answer = raw.answer(NOTIFY, _notify(timeout=timeout))
    assert answer.code() is Code.INVALID_ARGUMENT, answer.details()


@pytest.mark.parametrize(("seconds", "nanos"), [(2**63 - 1, 0), (-(2**63), 0), (0, -1), (0, 2**31 - 1)])
def test_a_time_that_is_none_is_refused(raw: Raw, seconds: int, nanos: int) -> None:
    """A Timestamp lies between the years 1 and 9999, or it is none."""
    since = timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)
    answer = raw.answer(READ_LOGS, log_pb2.ReadLogsRequest(since=since).SerializeToString())
    assert answer.code() is Code.INVALID_ARGUMENT, answer.details()


def test_metadata_beyond_all_measure_is_refused(raw: Raw) -> None:
    """Headers are bounded as messages are."""
    status = raw.channel.unary_unary("/pipertd.v1.StatusService/GetStatus")
    with pytest.raises(grpc.RpcError) as refused:
        status(b"", metadata=[("x", "y" * 1_000_000)], timeout=DEADLINE_S)
    assert refused.value.code() is Code.RESOURCE_EXHAUSTED


HELLO = PREFACE + frame(SETTINGS)
NOT_HTTP2 = {
    "random": os.urandom(4096),
    "zeros": bytes(4096),
    "http1": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "tls": TLS_HELLO,
    "frame longer than allowed": HELLO + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(100),
    "settings of a wrong length": HELLO + frame(SETTINGS, b"12345"),
    "headers that do not unpack": HELLO + frame(HEADERS, b"\xff" * 200, flags=END_HEADERS, stream=1),
}


@pytest.mark.parametrize("data", NOT_HTTP2.values(), ids=NOT_HTTP2)
def test_what_is_no_http2_ends_its_own_connection_only(control: Path, data: bytes) -> None:
    """The one who sent it is hung up on; nobody else notices."""
    one = Connection(control)
    try:
        one.socket.sendall(data)
        assert one.ended()
    finally:
        one.close()


CUT_OFF = {
    "nothing": b"",
    "half a preface": PREFACE[:11],
    "no settings": PREFACE,
    "half a frame": HELLO + frame(HEADERS, packed({":path": "/x" * 50}), stream=1)[:20],
    "headers without an end": HELLO + frame(HEADERS, packed({":path": "/"}), stream=1),
    "data of no stream": HELLO + frame(DATA, b"hello", stream=7),
}


def test_who_stops_in_the_middle_keeps_nobody_waiting(control: Path) -> None:
    """A connection that begins and says no more is no hindrance; one that never comes to HTTP/2 is hung up on."""
    with ExitStack() as stack:
        connections = {what: Connection(control) for what in CUT_OFF}
        for what, one in connections.items():
            stack.callback(one.close)
            one.socket.sendall(CUT_OFF[what])
        with Client(f"unix://{control}") as client:
            assert client.status.get().pipelines
        assert all(connections[what].ended() for what in ("nothing", "half a preface", "no settings"))


def test_who_pings_without_end_is_hung_up_on(control: Path) -> None:
    """Pings cost the daemon an answer each, so that there may not be too many of them."""
    one = Connection(control)
    try:
        one.greet()
        one.socket.sendall(frame(PING, bytes(8)) * 50)
        assert one.ended()
    finally:
        one.close()

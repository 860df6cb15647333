"""A client that does what no good one does: raw bytes for requests, raw bytes for HTTP/2, and streams never read."""

from __future__ import annotations

import importlib
import pkgutil
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2  # noqa: F401 - known to the pool
from grpc_reflection.v1alpha import reflection_pb2  # noqa: F401 - likewise

import pipertd.rpc
from tests.process.served import DEADLINE_S, Daemon

STANDARD = ("grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
_INITIAL_WINDOW_SIZE = 4
_LARGEST_WINDOW = 2**31 - 1


class Rpc(NamedTuple):
    """One method of a service, as its descriptor has it."""

    path: str
    request: Any
    request_streaming: bool
    response_streaming: bool


def rpcs() -> Iterator[Rpc]:
    """Every method of every service of the protos, and of the standard ones."""
    protos = [name for _, name, _ in pkgutil.iter_modules(pipertd.rpc.__path__) if name.endswith("_pb2")]
    files = [importlib.import_module(f"pipertd.rpc.{name}").DESCRIPTOR for name in protos]
    ours = [service.full_name for file in files for service in file.services_by_name.values()]
    for service in (*ours, *STANDARD):
        for method in descriptor_pool.Default().FindServiceByName(service).methods:
            path = f"/{service}/{method.name}"
            yield Rpc(path, method.input_type, method.client_streaming, method.server_streaming)


class Raw:
    """Calls with requests and responses in bytes."""

    def __init__(self, socket_path: Path) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
        self.channel: Any = grpc.insecure_channel(f"unix:{socket_path}", options)

    def answer(self, rpc: Rpc, *requests: bytes, responses: int = 3, timeout_s: float = DEADLINE_S) -> Any:
        """How the call ends, as an RpcError tells it; a stream that goes on ends well after so many ``responses``."""
        try:
            self._call(rpc, requests, responses, timeout_s)
        except grpc.RpcError as error:
            return error
        return _Ok()

    def _call(self, rpc: Rpc, requests: Iterable[bytes], responses: int, timeout_s: float) -> None:
        if not rpc.response_streaming:
            self.channel.unary_unary(rpc.path)(*requests, timeout=timeout_s)
            return
        call = (
            self.channel.stream_stream(rpc.path)(iter(requests), timeout=timeout_s)
            if rpc.request_streaming
            else self.channel.unary_stream(rpc.path)(*requests, timeout=timeout_s)
        )
        for _ in range(responses):
            if next(call, None) is None:
                return
        call.cancel()

    def close(self) -> None:
        """Hang up."""
        self.channel.close()


class _Ok(grpc.RpcError):
    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.OK

    def details(self) -> str:
        return ""


class Connection:
    """An HTTP/2 connection in frames of its own making, that reads only when it is told to."""

    def __init__(self, socket_path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(str(socket_path))

    def greet(self) -> None:
        """The preface, with windows as large as there are: nothing but the socket holds the daemon back."""
        self.socket.sendall(PREFACE)
        self.send(SETTINGS, struct.pack(">HI", _INITIAL_WINDOW_SIZE, _LARGEST_WINDOW))
        self.send(WINDOW_UPDATE, struct.pack(">I", _LARGEST_WINDOW - 65_535))

    def send(self, kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> None:
        """One frame."""
        self.socket.sendall(frame(kind, payload, flags=flags, stream=stream))

    def call(self, path: str, request: bytes, stream: int) -> None:
        """Begin a call on an odd ``stream``; its answer is for whoever reads."""
        headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost"}
        more = {"content-type": "application/grpc", "te": "trailers"}
        self.send(HEADERS, packed({**headers, **more}), flags=END_HEADERS, stream=stream)
        self.send(DATA, b"\0" + struct.pack(">I", len(request)) + request, flags=END_STREAM, stream=stream)

    def ended(self) -> bool:
        """Read on until the daemon hangs up; False when it has not within the deadline."""
        try:
            while self.socket.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """RFC 9113, 4.1."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def packed(headers: Mapping[str, str]) -> bytes:
    """Header fields without indexing, names and values as they are (RFC 7541, 6.2.2)."""
    return b"".join(b"\0" + _packed_text(name) + _packed_text(value) for name, value in headers.items())


def _packed_text(text: str) -> bytes:
    data, length, sized = text.encode(), len(text.encode()), b""
    if length < 127:  # in the seven bits of the first byte
        return bytes([length]) + data
    sized, length = b"\x7f", length - 127
    while length >= 128:
        sized, length = sized + bytes([length % 128 + 128]), length // 128
    return sized + bytes([length]) + data


def tracebacks(daemon: Daemon) -> list[str]:
    """What the daemon's own log and its standard error say of faults of its own."""
    texts = [(daemon.state / "logs/DAEMON.log").read_text(), (daemon.folder / "stderr").read_text()]
    return [line for text in texts for line in text.splitlines() if "Traceback" in line]

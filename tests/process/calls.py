"""Calls of the public API as it is on the wire, without our client between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from tests.process.served import DEADLINE_S, Daemon


@contextmanager
def channel_to(daemon: Daemon) -> Iterator[grpc.Channel]:
    """A channel to its control socket, once somebody answers there."""
    options = [("grpc.max_reconnect_backoff_ms", 100), ("grpc.initial_reconnect_backoff_ms", 100)]
    with grpc.insecure_channel(f"unix:{daemon.runtime / 'control.sock'}", options) as channel:
        grpc.channel_ready_future(channel).result(DEADLINE_S)
        yield channel


def error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    """The one ErrorInfo of a refusal."""
    status = rpc_status.from_call(error)
    assert status is not None, error
    (detail,) = status.details
    info = error_details_pb2.ErrorInfo()
    assert detail.Unpack(info)
    return info

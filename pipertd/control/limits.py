"""How much of the daemon clients may have at once, all of them together: docs/limits.md has the whole list.

Streams may be held for ever and calls for as long as what they ask for takes, so both are counted, and each kind by
itself, so that no crowd of one kind keeps out another: whoever may stop a pipeline gets through while every stream is
taken, and a look at the status while every stop waits. Of each kind observers leave some to those who act.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipertd.control.errors import TooManyCalls, TooManyStreams
from pipertd.control.roles import Role, Rpc
from pipertd.errors import PipertdError

MOST_STREAMS, STREAMS_OF_OBSERVERS = 256, 192
MOST_LOOKS, LOOKS_OF_OBSERVERS = 512, 384
MOST_CHANGES = 512
# What one stream that nobody reads may keep: a few hundred records or notices, and one message on its way through gRPC.
STREAM_BYTES = 256 * 1024
MOST_REQUEST_BYTES = 1024 * 1024
MOST_METADATA_BYTES = 16 * 1024
MOST_OF_A_CONNECTION = 128  # streams and calls; the client holds back what is more
HANDSHAKE_S = 10.0  # from a connection's begin until it speaks HTTP/2
IDLE_S = 300.0  # without any call; a client comes back by itself
SILENT_S, SILENT_TIMEOUT_S = 60.0, 20.0  # then a client is pinged, and hung up on if it does not answer
SOONEST_PING_S = 5.0  # of a client in a call: with gRPC's 5 min, a call that lasts ends as one of too many pings
OF_CONNECTIONS = (
    ("grpc.max_receive_message_length", 2 * MOST_REQUEST_BYTES),  # what is larger, gRPC refuses without our details
    ("grpc.max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.absolute_max_metadata_size", MOST_METADATA_BYTES),
    ("grpc.max_concurrent_streams", MOST_OF_A_CONNECTION),
    ("grpc.server_handshake_timeout_ms", int(HANDSHAKE_S * 1000)),
    ("grpc.max_connection_idle_ms", int(IDLE_S * 1000)),
    ("grpc.keepalive_time_ms", int(SILENT_S * 1000)),
    ("grpc.keepalive_timeout_ms", int(SILENT_TIMEOUT_S * 1000)),
    ("grpc.http2.min_ping_interval_without_data_ms", int(SOONEST_PING_S * 1000)),
)


class Count:
    """What is open of one kind; ``most`` in all, and ``most_of_observers`` for these."""

    def __init__(self, what: str, refusal: type[PipertdError], most: int, most_of_observers: int) -> None:
        self.most = most
        self.open = 0
        self._of_observers = 0
        self._most_of_observers = most_of_observers
        self._what, self._refusal = what, refusal

    @contextmanager
    def one_more(self, role: Role | None) -> Iterator[None]:
        """Be one of them for the length of the block.

        Raises:
            TooManyStreams: there are as many streams as there may be.
            TooManyCalls: there are as many calls of the kind as there may be.
        """
        is_observer = role is None or role <= Role.OBSERVER
        if self.open >= self.most:
            raise self._too_many(f"{self.most} are open")
        if is_observer and self._of_observers >= self._most_of_observers:
            raise self._too_many(f"observers have {self._most_of_observers} open, and the rest is kept for operators")
        self.open += 1
        self._of_observers += is_observer
        try:
            yield
        finally:
            self.open -= 1
            self._of_observers -= is_observer

    def _too_many(self, why: str) -> PipertdError:
        return self._refusal(f"cannot open another {self._what}: {why}; try again when some have ended")


class Limits:
    """The counts of one daemon, at all of its doors."""

    def __init__(self) -> None:
        self.streams = Count("stream", TooManyStreams, MOST_STREAMS, STREAMS_OF_OBSERVERS)
        self._looks = Count("call", TooManyCalls, MOST_LOOKS, LOOKS_OF_OBSERVERS)
        self._changes = Count("call that changes something", TooManyCalls, MOST_CHANGES, MOST_CHANGES)

    def of(self, rpc: Rpc) -> Count:
        """Where a call of ``rpc`` is counted."""
        if rpc.is_stream:
            return self.streams
        return self._changes if rpc.changes else self._looks

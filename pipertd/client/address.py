"""Where a daemon is, and what stands in the way to it."""

from __future__ import annotations

import grp
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from pipertd.errors import cause_of

if TYPE_CHECKING:
    from pipertd.client.tls import Tls

DEFAULT_ADDRESS = "unix:///run/pipertd/control.sock"
ADDRESS_VARIABLE = "PIPERTD_ADDRESS"  # of the environment, for who names none; pipertctl's too
KEEPALIVE_S = 10.0  # after so long a silence in a call the daemon is pinged
KEEPALIVE_TIMEOUT_S = 10.0  # and given up when it does not answer the ping in this time
CONNECT_TIMEOUT_S = 10.0
LONGEST_RECONNECT_S = 2.0  # pause between two tries to connect over TCP
LONGEST_LOCAL_RECONNECT_S = 0.2  # and to a socket of this machine: who starts a daemon again wants to call it at once
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
_LAST_PORT = 65535  # gRPC goes to the rest of a greater one: of 99999 to 34463


class Obstacle(NamedTuple):
    """What stands in the way: ``words`` are empty where that is not to be seen, ``is_there`` if somebody answers."""

    words: str = ""
    is_there: bool = False


class Address:
    """``unix:///PATH``, ``/PATH`` or ``HOST:PORT``; over TCP with TLS, unless something else carries it there."""

    def __init__(self, given: str | None, tls: Tls | None = None) -> None:
        """``given`` as above, or the environment's, or that of this machine's daemon; ValueError where it is none."""
        variable = os.environ.get(ADDRESS_VARIABLE, "") if given is None else ""
        text = (variable or DEFAULT_ADDRESS) if given is None else given
        is_path = text.startswith(("unix:", "/"))
        self.path = re.sub("^//+", "/", text.removeprefix("unix:").removeprefix("//")) if is_path else None
        host, _, port = text.rpartition(":")
        if not (self.path if is_path else host and _is_port(port)):
            meant = f"; for the socket {text} write unix://{Path(text).resolve()}" if _is_like_a_path(text) else ""
            source = f" of {ADDRESS_VARIABLE}" if variable else ""
            raise ValueError(
                f"cannot read address {text!r}{source}: it is written /PATH, unix:///PATH or HOST:PORT{meant}"
            )
        self.text = text if self.path is None else f"unix://{self.path}"
        self.tls = tls
        if tls is not None and self.path is not None:
            raise ValueError(f"cannot use TLS at {self.text}: a socket of this machine needs none")

    def __str__(self) -> str:
        return self.text

    @property
    def grpc_target(self) -> str:
        """As gRPC writes it."""
        return self.text if self.path is None else f"unix:{quote(self.path)}"

    def obstacle(self, details: str) -> Obstacle:
        """What stands in the way, where gRPC says ``details``. Never waits."""
        if self.path is not None:
            return _obstacle_at(self.path) or Obstacle(_said_by(details), is_there=True)
        for sign, words in _NOBODY.items():
            if sign in details:
                return Obstacle(words)
        if self.tls is not None:
            words = self.tls.obstacle(details)
        elif "Socket closed" in details or "onnection reset" in details:
            words = "it hangs up; it takes TLS, perhaps"
        else:
            words = _said_by(details)
        return Obstacle(words, is_there=bool(words))

    def channel_options(self) -> tuple[tuple[str, int], ...]:
        """How a channel behaves: a peer that is gone is noticed, one that comes back is found soon."""
        longest_s = LONGEST_RECONNECT_S if self.path is None else LONGEST_LOCAL_RECONNECT_S
        return (
            # gRPC would have all channels of a process share one connection, and its place for streams.
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_receive_message_length", _MOST_ANSWER_BYTES),
            ("grpc.keepalive_time_ms", int(KEEPALIVE_S * 1000)),
            ("grpc.keepalive_timeout_ms", int(KEEPALIVE_TIMEOUT_S * 1000)),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.initial_reconnect_backoff_ms", 100),
            # The time that a try to connect has: gRPC gives it this name.
            ("grpc.min_reconnect_backoff_ms", int(CONNECT_TIMEOUT_S * 1000)),
            ("grpc.max_reconnect_backoff_ms", int(longest_s * 1000)),
        )


def _is_port(text: str) -> bool:
    return text.isdecimal() and int(text) <= _LAST_PORT


def _is_like_a_path(text: str) -> bool:
    return ("/" in text or text.endswith(".sock")) and "://" not in text


_NOBODY = {  # by what gRPC says of a try to connect over TCP
    "Connection refused": "nobody listens there",
    "lookup failed": "there is no host of that name",
    "DNS resolution failed": "there is no host of that name",
    "No route to host": "there is no way to this host",
    "etwork is unreachable": "there is no way to this host",
    "onnection timed out": "nobody answers there",
    "handshaker shutdown": "nobody answers there",
}


def _obstacle_at(path: str) -> Obstacle | None:
    try:
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.setblocking(False)
            attempt.connect(path)
    except FileNotFoundError:
        return Obstacle("there is no such socket")
    except ConnectionRefusedError:
        return Obstacle("nobody listens there any more")
    except PermissionError:
        return Obstacle(f"you may not use this socket; {_who_may(Path(path))}", is_there=True)
    except BlockingIOError:
        return Obstacle("it does not take calls", is_there=True)
    except OSError as reason:
        return Obstacle(cause_of(reason))
    return None


def _who_may(path: Path) -> str:
    """The group that may, by its name, and the socket beside it where one may at least look."""
    try:
        group = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):  # the folder is closed, or the group has no name
        return "its group may"
    observe = path.with_name("observe.sock")
    return f"the group {group} may" + (f"; you may look by {observe}" if os.access(observe, os.W_OK) else "")


def _said_by(details: str) -> str:
    if "before receiving SETTINGS" in details:
        return "it takes connections and says nothing, as a daemon that is stopped or hangs"
    return "it hung up" if "Socket closed" in details or "onnection reset" in details else ""


def claim() -> tuple[tuple[str, str], ...]:
    """Who calls, for the daemon's audit: gRPC shows it no uid, so it is the caller's word only."""
    return (("pipertd-uid", str(os.getuid())),)

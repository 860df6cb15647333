"""The flow's end of the channel, with a real socket to dial."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

from pipertd.flow.channel import Channel
from pipertd.protocol import FlowSpec, LogSpec, Pong, QuarantineSpec, decode_from_flow
from tests.waiting import wait_until


def spec(path: Path) -> FlowSpec:
    return FlowSpec(
        pipeline="p",
        flow="f",
        generation=1,
        channel=str(path),
        path=[],
        orphan_timeout_s=0.0,
        stop_s=1.0,
        log=LogSpec(kind="journald"),
        run="r",
        quarantine=QuarantineSpec(folder="", limit_bytes=0),
        routines=[],
    )


def test_what_was_said_before_anybody_listened_is_sent_before_the_end(tmp_path: Path) -> None:
    """A flow whose work is over before its thread has dialled still says what it had to say."""
    path = tmp_path / "flows.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.setblocking(False)
        channel = Channel(spec(path), lambda _: None, lambda: True)
        channel.send(Pong())
        channel.start()
        channel.flush(120.0)
        connection, _ = listener.accept()
        with connection:
            connection.setblocking(False)
            connection.recv(1 << 16)
            assert decode_from_flow(connection.recv(1 << 16)) == Pong()
    wait_until(lambda: "channel" not in {each.name for each in threading.enumerate()}, 120.0, "the end of the thread")
    os.close(channel._bell)  # which a process keeps to its end

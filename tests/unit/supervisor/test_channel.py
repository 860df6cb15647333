"""The channel's end in the daemon, with real sockets of this process and of a child."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pipertd.protocol import (
    MAX_MESSAGE_BYTES,
    Answer,
    Deliver,
    Handlers,
    Hello,
    Pong,
    Quarantined,
    Raise,
    Stop,
    decode_to_flow,
    encode,
)
from pipertd.supervisor.channel import MOST_STRANGERS, FlowChannel
from pipertd.supervisor.pulse import Pulse


class Daemon:
    """A channel and what came through it."""

    def __init__(self, path: Path) -> None:
        self.heard: list[tuple[str, str, Answer | Raise | Quarantined | Pong | Handlers]] = []
        self.gone: list[tuple[str, str]] = []
        self.hellos: list[Hello] = []
        self.pulse = Pulse()
        self.channel = FlowChannel(
            path, believe=self._believe, on_met=self._meet, on_message=self._hear, on_gone=self._lose
        )

    def _believe(self, hello: Hello) -> bool:
        self.hellos.append(hello)
        self.pulse.beat()
        return hello.nonce == "right"

    def _meet(self, pipeline: str, flow: str) -> None:
        self.pulse.beat()

    def _hear(self, pipeline: str, flow: str, message: Answer | Raise | Quarantined | Pong | Handlers) -> None:
        self.heard.append((pipeline, flow, message))
        self.pulse.beat()

    def _lose(self, pipeline: str, flow: str) -> None:
        self.gone.append((pipeline, flow))
        self.pulse.beat()


@asynccontextmanager
async def daemon(tmp_path: Path) -> AsyncIterator[Daemon]:
    one = Daemon(tmp_path / "flows.sock")
    one.channel.open()
    try:
        async with asyncio.timeout(120):
            yield one
    finally:
        one.channel.close()


def dial(one: Daemon, nonce: str = "right", pid: int | None = None) -> socket.socket:
    flow = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    flow.connect(str(one.channel.path))
    hello = Hello(pipeline="p", flow="f", generation=1, nonce=nonce, pid=pid or os.getpid())
    flow.send(encode(hello))
    flow.setblocking(False)
    return flow


async def is_hung_up(flow: socket.socket) -> bool:
    try:
        return await asyncio.get_running_loop().sock_recv(flow, 1) == b""
    except ConnectionResetError:
        return True


ANSWER = Answer(request=7, routine="r", value=1)


def test_believed_flow_speaks_and_hears(tmp_path: Path) -> None:
    """Messages pass in both directions once the Hello is believed."""

    async def talk() -> None:
        async with daemon(tmp_path) as one:
            with dial(one) as flow:
                flow.send(encode(ANSWER))
                await one.pulse.until(lambda: bool(one.heard))
                assert one.heard == [("p", "f", ANSWER)]
                assert one.channel.send("p", "f", Stop())
                assert decode_to_flow(await asyncio.get_running_loop().sock_recv(flow, 100)) == Stop()
            await one.pulse.until(lambda: bool(one.gone))
            assert not one.channel.send("p", "f", Stop())

    asyncio.run(talk())


@pytest.mark.parametrize(("nonce", "pid"), [("wrong", None), ("right", 1)])
def test_flow_of_another_daemon_is_told_to_stop(tmp_path: Path, nonce: str, pid: int | None) -> None:
    """Neither a wrong nonce nor another's process id is believed; whoever says so stops, and is not heard again."""

    async def lie() -> None:
        async with daemon(tmp_path) as one:
            with dial(one, nonce, pid) as flow:
                assert decode_to_flow(await asyncio.get_running_loop().sock_recv(flow, 100)) == Stop()
                assert await is_hung_up(flow)
            assert not one.channel.reaches("p", "f")

    asyncio.run(lie())


@pytest.mark.parametrize("garbage", [b"\xc1", b"\x00" * (MAX_MESSAGE_BYTES + 1), encode(ANSWER)])
def test_garbage_instead_of_hello_is_hung_up_on(tmp_path: Path, garbage: bytes) -> None:
    """Whoever does not begin with Hello is no flow."""

    async def babble() -> None:
        async with daemon(tmp_path) as one:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
                stranger.connect(str(one.channel.path))
                stranger.send(garbage)
                stranger.setblocking(False)
                assert await is_hung_up(stranger)

    asyncio.run(babble())


def test_next_generation_replaces_the_connection(tmp_path: Path) -> None:
    """A flow that dials again is heard on its new connection, and the old one is closed."""

    async def redial() -> None:
        async with daemon(tmp_path) as one:
            with dial(one) as first:
                await one.pulse.until(lambda: one.channel.reaches("p", "f"))
                with dial(one) as second:
                    assert await is_hung_up(first)
                    second.send(encode(ANSWER))
                    await one.pulse.until(lambda: bool(one.heard))

    asyncio.run(redial())


def test_last_words_of_a_dead_flow_are_heard(tmp_path: Path) -> None:
    """What a flow sent before it died is not lost with it."""

    async def die() -> None:
        async with daemon(tmp_path) as one:
            flow = dial(one)
            await one.pulse.until(lambda: one.channel.reaches("p", "f"))
            flow.send(encode(ANSWER))
            flow.close()
            one.channel.forget("p", "f")
            assert one.heard == [("p", "f", ANSWER)]
            assert one.gone == [("p", "f")]

    asyncio.run(die())


@pytest.mark.parametrize("turns", [0, 1])
def test_last_words_of_a_flow_that_lived_for_a_moment_are_heard(tmp_path: Path, turns: int) -> None:
    """A flow that dialled, spoke and died while the daemon was busy is heard as any other."""

    async def flash() -> None:
        async with daemon(tmp_path) as one:
            with dial(one) as flow:
                flow.send(encode(ANSWER))
            for _ in range(turns):  # accepted, and its Hello not read yet
                await asyncio.sleep(0)
            one.channel.forget("p", "f")
            assert one.heard == [("p", "f", ANSWER)]
            assert one.gone == [("p", "f")]
            assert not one.channel.reaches("p", "f")

    asyncio.run(flash())


def test_flow_that_does_not_read_blocks_nobody(tmp_path: Path) -> None:
    """A full socket is an answer, not a wait."""

    async def flood() -> None:
        async with daemon(tmp_path) as one:
            with dial(one):
                await one.pulse.until(lambda: one.channel.reaches("p", "f"))
                event = Deliver(request=1, event="E", routines=["r"], params={"x": "y" * 10_000})
                sent = sum(one.channel.send("p", "f", event) for _ in range(1000))
                assert 0 < sent < 1000

    asyncio.run(flood())


def test_strangers_are_limited(tmp_path: Path) -> None:
    """A thousand silent connections take a bounded number of descriptors."""

    async def crowd() -> None:
        async with daemon(tmp_path) as one:
            crowd = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(MOST_STRANGERS + 5)]
            try:
                for stranger in crowd:
                    stranger.setblocking(False)
                    await asyncio.get_running_loop().sock_connect(stranger, str(one.channel.path))
                    await asyncio.sleep(0)
                assert await is_hung_up(crowd[-1])
            finally:
                for stranger in crowd:
                    stranger.close()

    asyncio.run(crowd())


def test_socket_is_ours_alone_and_goes_with_us(tmp_path: Path) -> None:
    """Only the daemon's user may dial; a stale socket is replaced, and none is left."""
    path = tmp_path / "flows.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))

    async def look() -> int:
        async with daemon(tmp_path):
            return stat.S_IMODE(path.stat().st_mode)

    assert asyncio.run(look()) == 0o600
    assert not path.exists()


def test_too_long_path_is_said(tmp_path: Path) -> None:
    """A socket's path has a limit that the error names."""

    async def open_it() -> None:
        async with daemon(tmp_path / ("x" * 100)):
            pass

    with pytest.raises(OSError, match="longer than 107 bytes"):
        asyncio.run(open_it())

"""Who is asked for handlers, and when: over a real socket, with the flow's end in the test's hand."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pipertd.definition.model import Flow, Pipeline, Routine
from pipertd.names import Target
from pipertd.protocol import AskHandlers, Handler, Handlers, Hello, decode_to_flow, encode
from pipertd.supervisor.channel import FlowChannel
from pipertd.supervisor.handlers import HandlersTold
from pipertd.supervisor.view import HandlersView, SilentFlow, State

PIPELINE = Pipeline("p", (Flow("f", (Routine("r", "no:Code"),)),), ())
HELLO = Hello(pipeline="p", flow="f", generation=1, nonce="", pid=os.getpid())
ZOOM = Handlers(routine="r", handlers=[Handler(event="ZOOM", parameters=[], takes_more=False, description="")])


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[FlowChannel, HandlersTold]]:
    """A channel that believes everybody, and the handlers that are told through it."""

    def hear(pipeline: str, flow: str, message: object) -> None:
        assert isinstance(message, Handlers)
        told.hear(pipeline, flow, message)

    def lose(pipeline: str, flow: str) -> None:
        told.lose(pipeline, flow)

    channel = FlowChannel(
        folder / "flows.sock",
        believe=lambda _: True,
        on_met=lambda *_: told.meet(),
        on_message=hear,
        on_gone=lose,
    )
    told = HandlersTold(channel)
    channel.open()
    try:
        async with asyncio.timeout(120):
            yield channel, told
    finally:
        channel.close()


async def asked_for(told: HandlersTold, state: State, timeout_s: float) -> HandlersView:
    return await told.of(PIPELINE, Target("p"), {"f": state}, timeout_s)


def test_a_flow_that_runs_and_has_not_dialled_is_asked_when_it_does(tmp_path: Path) -> None:
    """As behind the start of another daemon: who asks at once is not told that nobody could be asked."""

    async def story() -> None:
        async with listening(tmp_path) as (channel, told):
            asking = asyncio.create_task(asked_for(told, State.RUNNING, 120.0))
            await asyncio.sleep(0)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as flow:
                flow.setblocking(False)
                flow.connect(str(channel.path))
                flow.send(encode(HELLO))
                assert decode_to_flow(await asyncio.get_running_loop().sock_recv(flow, 100)) == AskHandlers()
                flow.send(encode(ZOOM))
                found = await asking
            assert ([each.event for each in found.handlers], found.silent) == (["ZOOM"], ())

    asyncio.run(story())


def test_a_flow_that_is_down_is_not_waited_for(tmp_path: Path) -> None:
    """Nor is one that runs, for ever."""

    async def story() -> None:
        async with listening(tmp_path) as (_, told):
            for state, timeout_s in ((State.STOPPED, 3600.0), (State.STARTING, 3600.0), (State.RUNNING, 0.01)):
                found = await asked_for(told, state, timeout_s)
                assert found == HandlersView((), (SilentFlow("f", f"it is {state} and cannot be asked now"),))

    asyncio.run(story())

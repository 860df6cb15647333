"""Clients that are closed: what is asked of them then, and what waits when they are."""

from __future__ import annotations

import asyncio
import math
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.client import AsyncClient, Client, Closed

DEADLINE_S = 120.0


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket on which somebody listens who never says a word."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        listener.settimeout(DEADLINE_S)
        yield listener


def test_a_closed_client_is_asked_nothing(silent: socket.socket) -> None:
    """Closed, by a noun that was used before or by a new one, of a call or of a stream, however often it is closed."""
    client = Client(silent.getsockname())
    known, unused = client.status, lambda: client.pipelines
    client.close()
    client.close()
    for ask in (known.get, known.watch, unused):
        with pytest.raises(Closed, match=r"cannot ask the daemon at unix:.*/s: this client was closed"):
            ask()


def test_a_closed_async_client_is_asked_nothing(silent: socket.socket) -> None:
    """As one for threads."""

    async def story() -> None:
        client = AsyncClient(silent.getsockname())
        known, unused = client.status, lambda: client.pipelines
        await client.close()
        await client.close()
        for ask in (known.watch, unused):
            with pytest.raises(Closed):
                ask()
        with pytest.raises(Closed):
            await known.get()

    asyncio.run(story())


def test_a_call_that_waits_when_its_client_is_closed_is_told_so(silent: socket.socket) -> None:
    """The thread that made it gets Closed at once."""
    client = Client(silent.getsockname())
    told: list[Exception] = []

    def ask() -> None:
        with pytest.raises(Closed) as refused:
            client.status.get()
        told.append(refused.value)

    thread = threading.Thread(target=ask)
    thread.start()
    with silent.accept()[0]:  # it is asked for
        client.close()
        thread.join(DEADLINE_S)
    assert len(told) == 1


def test_a_task_that_waits_when_its_client_is_closed_is_not_cancelled(silent: socket.socket) -> None:
    """It gets Closed, and goes on; one that is cancelled is cancelled."""

    async def story() -> None:
        client = AsyncClient(silent.getsockname())
        tasks = [asyncio.create_task(client.status.get()) for _ in range(2)]
        with (await asyncio.to_thread(silent.accept))[0]:
            tasks[1].cancel()
            await asyncio.wait(tasks[1:])
            await client.close()
            with pytest.raises(Closed):
                await tasks[0]
        assert tasks[1].cancelled()

    asyncio.run(story())


@pytest.mark.parametrize("seconds", [math.inf, 1e300, 1e12])
def test_a_call_without_an_end_waits(silent: socket.socket, seconds: float) -> None:
    """As long as its client is there: no number of seconds is taken for one that is over."""
    client = Client(silent.getsockname())
    told: list[Exception] = []

    def ask() -> None:
        with pytest.raises(Closed) as refused:
            client.pipelines.start("street", timeout_s=seconds)
        told.append(refused.value)

    thread = threading.Thread(target=ask)
    thread.start()
    with silent.accept()[0]:
        client.close()
        thread.join(DEADLINE_S)
    assert len(told) == 1


def test_a_time_to_wait_that_is_no_number_is_refused(silent: socket.socket) -> None:
    """Before anything is sent."""
    with Client(silent.getsockname()) as client, pytest.raises(ValueError, match="no number"):
        client.pipelines.start("street", timeout_s=math.nan)

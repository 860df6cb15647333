"""What an event may carry, before anything is sent."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest

from pipertd.client import AsyncClient, Client


@pytest.mark.parametrize(
    "value",
    [object(), b"bytes", {1, 2}, np.int64(3), {1: 2}, [{"deep": object()}], "\udc80"],
    ids=["object", "bytes", "set", "numpy", "no-name", "deep", "surrogate"],
)
def test_a_parameter_that_json_cannot_carry_is_named(value: object) -> None:
    """A ValueError names the event and the parameter, of a Client and of an AsyncClient."""
    params = {"good": 1, "readings": value}
    with Client("/nowhere") as client, pytest.raises(ValueError, match=r"cannot send event SET: .*'readings'"):
        client.events.notify("SET", "cam", params)

    async def story() -> None:
        async with AsyncClient("/nowhere") as client:
            with pytest.raises(ValueError, match=r"cannot send event SET: .*'readings'"):
                await client.events.notify("SET", "cam", params)

    asyncio.run(story())


@pytest.mark.parametrize("seconds", [math.inf, math.nan, 1e300])
def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    """Of an event, of the logs since then, and between two looks at a link."""
    with Client("/nowhere") as client:
        for ask in (
            lambda: client.events.notify("SET", "cam", timeout_s=seconds),
            lambda: client.logs.read(since_s=seconds),
            lambda: client.taps.look("cam", "a", "b", interval_s=seconds),
        ):
            with pytest.raises(ValueError, match=r"cannot use .* as a number of seconds"):
                ask()


def test_a_parameter_whose_name_is_none_is_named() -> None:
    """Keyword arguments have strings for names."""
    with Client("/nowhere") as client, pytest.raises(ValueError, match="no parameter 5"):
        client.events.notify("SET", "cam", {5: 1})  # type: ignore[dict-item]

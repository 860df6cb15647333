"""Payloads read without their author's classes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import numpy as np
import pytest

from pipertd.client.payload import read_payload
from pipertd.errors import MessageError
from pipertd.shm.codec import Encoder

RECORDS = np.array([(1, [2.0, 3.0], (4,))], [("a", "<i4"), ("b", "<f8", (2,)), ("c", [("d", "|u1")])])


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.zeros((0, 4), np.uint8),
        np.array(7, ">i2"),
        np.array(["one", "three"]),
        np.array(["2026-01-01"], "datetime64[D]"),
        RECORDS,
    ],
    ids=lambda array: str(array.dtype),
)
def test_every_array_comes_out_as_it_went_in(array: np.ndarray[Any, Any]) -> None:
    """Values, dtype, shape and order are what the routine sent, and nobody can write to them."""
    encoded = Encoder().encode({"before": np.ones(3), "array": array})
    read = read_payload(bytes(encoded.joined()), encoded.body_offset)["array"]
    assert (read.dtype, read.shape, read.flags.f_contiguous) == (array.dtype, array.shape, array.flags.f_contiguous)
    assert np.array_equal(read, array)
    assert not read.flags.writeable


def test_what_is_no_array_comes_out_too() -> None:
    """Scalars, text, bytes, times and foreign extensions are left as MessagePack has them."""
    message = {"a": 1, "b": b"\x00", "c": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "d": [None, 0.5, "x"], 5: True}
    assert read_payload(msgspec.msgpack.encode(message), 0) == message
    foreign = msgspec.msgpack.Ext(2, b"12")
    assert read_payload(msgspec.msgpack.encode([foreign]), 0) == [foreign]


def array_of(*header: Any) -> bytes:
    return msgspec.msgpack.encode(msgspec.msgpack.Ext(1, msgspec.msgpack.encode(header)))


@pytest.mark.parametrize(
    ("payload", "body_offset"),
    [
        (b"", 0),
        (b"\xc1", 0),
        (b"\x01", 1),
        (b"\x01", -1),
        (array_of(0, "C", "|u1", [1000]), 0),
        (array_of(-8, "C", "|u1", [1]), 0),
        (array_of(0, "C", "|O", [1]), 0),
        (array_of(0, "C", "no dtype", [1]), 0),
        (array_of(0, "C", "|u1", [(1 << 64) - 1]), 0),
        (array_of(0, "C"), 0),
    ],
)
def test_garbage_is_an_error_of_ours(payload: bytes, body_offset: int) -> None:
    """Whatever lies on the disk, a reader is told in words, and reads nothing beyond the payload."""
    with pytest.raises(MessageError, match="cannot read a message"):
        read_payload(payload, body_offset)

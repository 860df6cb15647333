"""What is sent of a message."""

from __future__ import annotations

import msgspec
import numpy as np

from pipertd.client.tapped import read_message
from pipertd.tap.plain import encode_plain


def test_a_message_is_read_without_pipertd() -> None:
    """An array is a map of its dtype, shape and bytes in C order, whatever order it was sent in."""
    array = np.asfortranarray(np.arange(6, dtype="<i2").reshape(2, 3))
    record = np.zeros(2, [("a", "<f4"), ("b", "|u1", (3,))])
    message = {"n": 1, "arrays": [array, record, np.zeros((0, 3))]}
    read = msgspec.msgpack.decode(encode_plain(message))
    one, two, empty = read["arrays"]
    assert (one["dtype"], one["shape"]) == ("<i2", [2, 3])
    assert np.array_equal(np.frombuffer(one["data"], "<i2").reshape(2, 3), array)
    assert two["dtype"] == [["a", "<f4"], ["b", "|u1", [3]]]
    assert len(two["data"]) == record.nbytes
    assert (empty["shape"], empty["data"]) == ([0, 3], b"")


def test_our_own_client_has_its_arrays_again() -> None:
    """What a client reads is what the routine sent; a map of other keys is no array."""
    record = np.zeros(2, [("a", "<f4"), ("b", "|u1", (3,))])
    array = np.arange(6.0).reshape(2, 3)
    message = {"n": [1, "x", None], "array": array, "record": record, "dtype": {"shape": [1]}}
    read = read_message(encode_plain(message))
    assert np.array_equal(read["array"], array)
    assert np.array_equal(read["record"], record)
    assert (read["n"], read["dtype"]) == (message["n"], message["dtype"])

"""Messages as bytes: what goes in comes out, arrays in place, and nothing else travels."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from pipertd.errors import MessageError
from pipertd.shm.codec import Decoder, Encoder


def there_and_back(message: Any) -> Any:
    encoded = Encoder().encode(message)
    payload = np.zeros(encoded.length, np.uint8)
    encoded.write(payload)
    payload.flags.writeable = False
    return Decoder().decode(payload, encoded.body_offset)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
DTYPES = (
    npst.integer_dtypes()
    | npst.unsigned_integer_dtypes()
    | npst.floating_dtypes()
    | npst.boolean_dtypes()
    | npst.complex_number_dtypes()
    | npst.datetime64_dtypes()
    | npst.unicode_string_dtypes()
)
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))


@given(PLAIN)
def test_plain_values_come_back(message: Any) -> None:
    """Scalars, strings, bytes, lists and dicts are what they were."""
    assert there_and_back(message) == message


@given(st.lists(ARRAYS, max_size=3), st.sampled_from("CF"))
def test_arrays_come_back(arrays: list[np.ndarray[Any, Any]], order: Any) -> None:
    """Arrays of any dtype, shape and order keep dtype, shape, order and every element, and are read-only."""
    ordered = [np.asarray(array, order=order) for array in arrays]
    for before, after in zip(ordered, there_and_back({"arrays": ordered})["arrays"], strict=True):
        assert (after.dtype, after.shape) == (before.dtype, before.shape)
        np.testing.assert_array_equal(before, after)
        assert not after.flags.writeable
        assert after.flags.f_contiguous or not before.flags.f_contiguous


def test_arrays_lie_where_wide_loads_like_them() -> None:
    """Each array begins at a multiple of 64 bytes of its payload."""
    encoded = Encoder().encode([np.zeros(3, np.uint8), np.zeros(5, np.float64), np.zeros((2, 2), np.uint16)])
    assert [offset % 64 for offset, _ in encoded.arrays] == [0, 0, 0]


def test_views_travel_as_what_they_show() -> None:
    """A slice, a transposed view and a record array need no contiguous memory."""
    base = np.arange(24).reshape(2, 3, 4)
    records = np.zeros(3, dtype=[("number", "<i4"), ("place", "<f8", (2,))])
    records["number"] = [1, 2, 3]
    after = there_and_back([base[:, ::2], base.transpose(2, 0, 1), records])
    np.testing.assert_array_equal(after[0], base[:, ::2])
    np.testing.assert_array_equal(after[1], base.transpose(2, 0, 1))
    assert after[2].dtype == records.dtype
    np.testing.assert_array_equal(after[2], records)


def test_scalars_of_numpy_and_times_travel() -> None:
    """A numpy scalar arrives as Python's, a datetime as a datetime."""
    now = dt.datetime(2026, 5, 4, 3, 2, 1, tzinfo=dt.UTC)
    assert there_and_back({"a": np.float32(2.5), "b": np.int64(3), "t": now}) == {"a": 2.5, "b": 3, "t": now}


@pytest.mark.parametrize(
    "message",
    [
        object(),
        {"a": {1, object()}},
        np.array([object()]),
        2**70,
        lambda: None,
        np.longdouble(1),
        np.ma.masked_array([1, 2], [True, False]),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_cannot_travel_is_refused(message: Any) -> None:
    """No pickle: an object that has no plain form is one clear error."""
    with pytest.raises(MessageError, match="cannot send"):
        Encoder().encode(message)

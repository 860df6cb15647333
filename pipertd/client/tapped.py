"""Tapped messages as Python has them: MessagePack in which an array is a map of its dtype, shape and bytes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from pipertd.client.payload import restored_dtype
from pipertd.errors import MessageError

_ARRAY = {"dtype", "shape", "data"}


def read_message(content: bytes) -> Any:
    """The message; its arrays are read-only views of their bytes.

    Raises:
        MessageError: it is none.
    """
    try:
        return _with_arrays(msgspec.msgpack.decode(content))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as reason:
        raise MessageError(f"cannot read a message: {reason}") from reason


def _with_arrays(value: Any) -> Any:
    match value:
        case {"dtype": descriptor, "shape": list(shape), "data": bytes(data)} if value.keys() == _ARRAY:
            return np.frombuffer(data, restored_dtype(descriptor)).reshape(shape)
        case dict():
            return {name: _with_arrays(each) for name, each in value.items()}
        case list():
            return [_with_arrays(each) for each in value]
        case _:
            return value

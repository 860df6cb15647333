"""Messages of pipelines as JSON: numbers, text and lists as they are, bytes as base64, arrays with dtype and shape."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from pipertd.client.payload import read_payload
from pipertd.errors import MessageError


def from_messagepack(content: bytes) -> Any:
    """A tapped message, in which an array is a map of its dtype, shape and bytes already.

    Raises:
        MessageError: JSON cannot carry it.
    """
    return _plain(_decoded(content))


def from_payload(payload: bytes, body_offset: int) -> Any:
    """A message in quarantine.

    Raises:
        MessageError: it is none, or JSON cannot carry it.
    """
    return _plain(read_payload(payload, body_offset))


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.msgpack.decode(content)
    except (msgspec.MsgspecError, RecursionError) as reason:
        raise MessageError(f"cannot read a message: {reason}") from reason


def _plain(message: Any) -> Any:
    """Numbers that JSON does not have, as nan, become null."""
    try:
        return msgspec.json.decode(msgspec.json.encode(message, enc_hook=_described))
    except (TypeError, ValueError, OverflowError, NotImplementedError, RecursionError) as reason:
        raise MessageError(f"cannot write this message as JSON: {reason}") from reason


def _described(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "shape": value.shape, "data": value.tobytes()}
    if isinstance(value, msgspec.msgpack.Ext):
        return {"extension": value.code, "data": bytes(value.data)}
    raise NotImplementedError(f"it has a {type(value).__name__}")

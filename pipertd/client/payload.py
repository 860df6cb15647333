"""Payloads read without any class of their author's: MessagePack, and arrays in place.

A payload is ``[array][array]…[body]``. In its MessagePack body an array is extension type 1, itself MessagePack:
``[offset, order, descriptor, shape]`` with numpy's dtype descriptor; see docs/data-plane.md.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np

from pipertd.errors import MessageError

_ARRAY, _DATA = 1, 3


def read_payload(payload: bytes, body_offset: int) -> Any:
    """The message; its arrays are read-only views of ``payload``, a ``Data`` is a dict of its attributes.

    Extensions of other types are left as they are.

    Raises:
        MessageError: it is none.
    """

    def extension(code: int, data: memoryview) -> Any:
        if code == _ARRAY:
            return _array(payload, data)
        if code == _DATA:  # [module:Class, {attribute: value}]; the author's class stays unloaded
            return msgspec.msgpack.decode(data, ext_hook=extension)[1]
        return msgspec.msgpack.Ext(code, bytes(data))

    if not 0 <= body_offset < len(payload):
        raise MessageError(f"cannot read a message: it has {len(payload)} bytes and no body at {body_offset}")
    try:
        return msgspec.msgpack.Decoder(ext_hook=extension).decode(memoryview(payload)[body_offset:])
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as reason:
        raise MessageError(f"cannot read a message: {reason}") from reason


def _array(payload: bytes, header: memoryview) -> np.ndarray[Any, Any]:
    offset, order, descriptor, shape = msgspec.msgpack.decode(header)
    dtype = restored_dtype(descriptor)
    length = math.prod(shape) * dtype.itemsize
    if not 0 <= offset <= offset + length <= len(payload):
        raise ValueError(f"an array of {length} bytes at {offset} lies outside of its payload")
    return np.frombuffer(payload, np.uint8)[offset : offset + length].view(dtype).reshape(shape, order=order)


def restored_dtype(descriptor: Any) -> np.dtype[Any]:
    """The dtype that numpy's descriptor of it means, as MessagePack carries that."""
    return np.dtype(np.lib.format.descr_to_dtype(_restored(descriptor)))


def _restored(descriptor: Any) -> Any:
    """A dtype's descriptor with the tuples that MessagePack made lists of."""
    return descriptor if isinstance(descriptor, str) else [_field(each) for each in descriptor]


def _field(field: list[Any]) -> tuple[Any, ...]:
    name, kind, *shape = field
    return (tuple(name) if isinstance(name, list) else name, _restored(kind), *(tuple(size) for size in shape))

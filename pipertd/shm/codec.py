"""Messages as bytes: MessagePack, with arrays out of band at 64-byte alignment so that they are read in place.

A payload is ``[array][array]…[body]``: the arrays lie first, each at a multiple of 64, the MessagePack body behind
them. In the body an array is extension type 1, itself MessagePack: ``[offset, order, descriptor, shape]`` with numpy's
dtype descriptor. No pickle: other languages and the daemon's tap can read what passes by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from pipertd.errors import MessageError
from pipertd.shm.pool import ByteArray

ALIGNMENT = 64
ARRAY_EXTENSION = 1


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


@dataclass(frozen=True)
class Encoded:
    """A message ready to be written: its body, its arrays, and where each belongs."""

    body: bytes
    body_offset: int
    arrays: tuple[tuple[int, np.ndarray[Any, Any]], ...]

    @property
    def length(self) -> int:
        """Bytes of the whole payload."""
        return self.body_offset + len(self.body)

    def write(self, payload: ByteArray) -> None:
        """Put the message into ``payload``, shape ``(length,)`` uint8; every byte of an array is copied once."""
        for offset, array in self.arrays:
            if array.nbytes:
                target = payload[offset : offset + array.nbytes].view(array.dtype)
                np.copyto(target.reshape(array.shape, order=_order(array)), array)
        payload[self.body_offset : self.length] = np.frombuffer(self.body, np.uint8)


def _order(array: np.ndarray[Any, Any]) -> Any:
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"


class _ArrayCollector:
    """The encoder's hook: puts arrays aside and leaves an extension in their place."""

    def __init__(self) -> None:
        self.arrays: list[tuple[int, np.ndarray[Any, Any]]] = []
        self.end = 0

    def __call__(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return self._extension(value)
        if isinstance(value, np.generic):
            return value.item()
        raise MessageError(
            f"cannot send a {type(value).__module__}.{type(value).__qualname__}: messages hold scalars, strings, "
            "bytes, lists, dicts, datetimes, dataclasses, msgspec.Structs and numpy arrays"
        )

    def _extension(self, array: np.ndarray[Any, Any]) -> msgspec.msgpack.Ext:
        if array.dtype.hasobject:
            raise MessageError(f"cannot send an array of {array.dtype}: its elements are references to objects")
        offset = _aligned(self.end, ALIGNMENT)
        self.arrays.append((offset, array))
        self.end = offset + array.nbytes
        dtype: Any = array.dtype.str if array.dtype.names is None else np.lib.format.dtype_to_descr(array.dtype)
        header = [offset, _order(array), dtype, array.shape]
        return msgspec.msgpack.Ext(ARRAY_EXTENSION, msgspec.msgpack.encode(header))


def encode(message: Any) -> Encoded:
    """Take a message apart into body and arrays; nothing is copied yet.

    Raises:
        MessageError: it holds something that cannot travel.
    """
    collector = _ArrayCollector()
    try:
        body = msgspec.msgpack.encode(message, enc_hook=collector)
    except (TypeError, OverflowError, ValueError, RecursionError) as reason:
        raise MessageError(f"cannot send a message of type {type(message).__qualname__}: {reason}") from reason
    return Encoded(body, _aligned(collector.end, 8), tuple(collector.arrays))


def decode(payload: ByteArray, body_offset: int) -> Any:
    """Read a message; its arrays are views of ``payload`` and as read-only as it is."""

    def array(code: int, data: memoryview) -> Any:
        if code != ARRAY_EXTENSION:
            return msgspec.msgpack.Ext(code, bytes(data))
        offset, order, descriptor, shape = msgspec.msgpack.decode(data)
        dtype = np.dtype(descriptor) if isinstance(descriptor, str) else _structured(descriptor)
        count = int(np.prod(shape, dtype=np.int64))
        flat = payload[offset : offset + count * dtype.itemsize].view(dtype)
        return flat.reshape(shape, order=order)

    return msgspec.msgpack.decode(payload[body_offset:].data, ext_hook=array)


def _structured(descriptor: list[Any]) -> np.dtype[Any]:
    """The dtype of a record array; MessagePack made lists of the tuples that numpy wants."""

    def restored(field: Any) -> Any:
        name, kind, *shape = field
        kind = [restored(inner) for inner in kind] if isinstance(kind, list) else kind
        return (tuple(name) if isinstance(name, list) else name, kind, *(tuple(size) for size in shape))

    return np.dtype(np.lib.format.descr_to_dtype([restored(field) for field in descriptor]))

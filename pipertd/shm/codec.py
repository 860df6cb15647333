"""Messages as bytes: MessagePack, with arrays out of band at 64-byte alignment so that they are read in place.

A payload is ``[array][array]…[body]``: the arrays lie first, each at a multiple of 64, the MessagePack body behind
them. In the body an array is extension type 1, itself MessagePack: ``[offset, order, descriptor, shape]`` with numpy's
dtype descriptor. An array that lies in another slot is extension type 2: ``[offset in its pool, order, descriptor,
shape, pool, bytes of its slot]``. A ``Data`` is extension type 3: ``[module:Class, {attribute: value}]``. No pickle:
other languages and the daemon's tap can read what passes by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import msgspec
import numpy as np

from pipertd.data import Data, path_of, restored
from pipertd.errors import MessageError
from pipertd.shm.lease import Lease, lease_of, may_be_passed_on
from pipertd.shm.pool import ByteArray

Memory = Callable[[int, int, int, int], ByteArray]

ALIGNMENT = 64
ARRAY_EXTENSION, SLOT_EXTENSION, DATA_EXTENSION = 1, 2, 3
MOST_PASSED_ON = 8  # arrays of one message that are passed on by descriptor; the others are copied


def _no_memory(pool: int, *_: int) -> ByteArray:
    raise MessageError(f"cannot read a message: it names pool {pool}, which is not at hand")


def _aligned(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


class Encoded:
    """A message ready to be written: its body, its arrays and where each belongs, and its ``length`` in bytes.

    ``passed`` are the leases and loans whose memory it names instead of bringing a copy.
    """

    __slots__ = ("arrays", "body", "body_offset", "length", "passed")

    def __init__(
        self,
        body: bytes,
        body_offset: int,
        arrays: Sequence[tuple[int, np.ndarray[Any, Any]]],
        passed: Sequence[Lease] = (),
    ) -> None:
        self.body = body
        self.body_offset = body_offset
        self.arrays = arrays
        self.passed = passed
        self.length = body_offset + len(body)

    def write(self, payload: ByteArray) -> None:
        """Put the message into ``payload``, shape ``(length,)`` uint8; every byte of an array is copied once."""
        for offset, array in self.arrays:
            if array.nbytes:
                target = payload[offset : offset + array.nbytes].view(array.dtype)
                np.copyto(target.reshape(array.shape, order=_order(array)), array)
        payload[self.body_offset : self.length] = np.frombuffer(self.body, np.uint8)

    def joined(self) -> bytes | memoryview:
        """The whole payload in memory of its own; for a small message."""
        if not self.arrays:
            return self.body
        payload = np.zeros(self.length, np.uint8)
        self.write(payload)
        return payload.data


def _order(array: np.ndarray[Any, Any]) -> Any:
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"


@dataclass(slots=True)
class _Aside:
    """The arrays of one message: those that it brings, each with its offset, and whose memory it names instead."""

    arrays: list[tuple[int, np.ndarray[Any, Any]]] = field(default_factory=list)
    passed: list[Lease] = field(default_factory=list)
    end: int = 0


class _Whole:
    """Stands for a ``Data`` that is a dataclass too, of which MessagePack would take the fields alone."""

    def __init__(self, data: Data) -> None:
        self.data = data


class Encoder:
    """Takes messages apart; one for each thread."""

    def __init__(self, may_pass_on: Callable[[Lease], bool] = lambda _: False) -> None:
        """``may_pass_on`` says whose leases and loans need not be copied."""
        self._may_pass_on = may_pass_on
        self._encoder = msgspec.msgpack.Encoder(enc_hook=self._put_aside)
        self._aside: _Aside | None = None

    def encode(self, message: Any) -> Encoded:
        """Take a message apart into body and arrays; nothing is copied yet.

        Raises:
            MessageError: it holds something that cannot travel.
        """
        try:
            body = self._encoder.encode(_Whole(message) if isinstance(message, Data) else message)
        except RecursionError:
            raise MessageError("cannot send this message: it is nested too deeply, or holds itself") from None
        except (TypeError, OverflowError, ValueError) as reason:
            raise MessageError(f"cannot send a message of type {type(message).__qualname__}: {reason}") from reason
        finally:
            aside, self._aside = self._aside, None
        if aside is None:
            return Encoded(body, 0, ())
        return Encoded(body, _aligned(aside.end, 8), aside.arrays, aside.passed)

    def _put_aside(self, value: Any) -> Any:
        """The encoder's hook: an array leaves an extension in its place."""
        if isinstance(value, np.ndarray):
            return self._extension(value)
        if isinstance(value, _Whole):
            value = value.data
        if isinstance(value, Data):
            attributes = {name: _Whole(each) if isinstance(each, Data) else each for name, each in vars(value).items()}
            within = msgspec.msgpack.encode([path_of(type(value)), attributes], enc_hook=self._put_aside)
            return msgspec.msgpack.Ext(DATA_EXTENSION, within)
        if isinstance(value, np.generic) and not isinstance(plain := value.item(), np.generic):
            return plain
        raise MessageError(
            f"cannot send a {type(value).__module__}.{type(value).__qualname__}: messages hold scalars, strings, "
            "bytes, lists, dicts, datetimes, dataclasses, msgspec.Structs, pipertd.Data and numpy arrays"
        )

    def _extension(self, array: np.ndarray[Any, Any]) -> msgspec.msgpack.Ext:
        if array.dtype.hasobject:
            raise MessageError(f"cannot send an array of {array.dtype}: its elements are references to objects")
        if not array.dtype.itemsize:
            raise MessageError(f"cannot send an array of {array.dtype}: its elements have no bytes")
        if isinstance(array, np.ma.MaskedArray):
            raise MessageError("cannot send a masked array: its mask would be lost; send array.data and array.mask")
        dtype: Any = array.dtype.str if array.dtype.names is None else np.lib.format.dtype_to_descr(array.dtype)
        header: list[Any] = [0, _order(array), dtype, array.shape]
        if self._aside is None:
            self._aside = _Aside()
        aside = self._aside
        lease = self._passed_on(array, aside.passed)
        if lease is not None:
            header[0] = lease.offset_of(array)
            header += [lease.pool, lease.slot_bytes]
            array.flags.writeable = False  # readers get this very memory: who returned a loan may not fill it again
            return msgspec.msgpack.Ext(SLOT_EXTENSION, msgspec.msgpack.encode(header))
        header[0] = offset = _aligned(aside.end, ALIGNMENT)
        aside.arrays.append((offset, array))
        aside.end = offset + array.nbytes
        return msgspec.msgpack.Ext(ARRAY_EXTENSION, msgspec.msgpack.encode(header))

    def _passed_on(self, array: np.ndarray[Any, Any], passed: list[Lease]) -> Lease | None:
        """The lease or loan that the array is passed on with; None where it has to be copied."""
        lease = lease_of(array)
        if lease is None or not may_be_passed_on(array, lease):
            return None
        if lease not in passed:
            if len(passed) == MOST_PASSED_ON or not self._may_pass_on(lease):
                return None
            passed.append(lease)
        return lease


class Decoder:
    """Reads messages; one for each thread."""

    def __init__(self) -> None:
        self._decoder = msgspec.msgpack.Decoder(ext_hook=self._extension)
        self.decode_plain = self._decoder.decode  # for a body that has no arrays
        self._payload: ByteArray | bytes = b""
        self._memory: Memory = _no_memory

    def decode(self, payload: ByteArray | bytes, body_offset: int, memory: Memory | None = None) -> Any:
        """Read a message; its arrays are views of ``payload`` and as read-only as it is.

        ``memory`` gives what lies in other slots: called with pool, offset, length and how much the slot holds.
        """
        self._payload, self._memory = payload, memory or _no_memory
        try:
            body = payload if isinstance(payload, bytes) else payload.data
            return self._decoder.decode(memoryview(body)[body_offset:])
        finally:
            self._payload, self._memory = b"", _no_memory

    def _extension(self, code: int, data: memoryview) -> Any:
        if code in (ARRAY_EXTENSION, SLOT_EXTENSION):
            return self._array(data)
        if code == DATA_EXTENSION:
            return restored(*msgspec.msgpack.decode(data, ext_hook=self._extension))
        return msgspec.msgpack.Ext(code, bytes(data))

    def _array(self, data: memoryview) -> Any:
        offset, order, descriptor, shape, *slot = msgspec.msgpack.decode(data)
        dtype = np.dtype(descriptor) if isinstance(descriptor, str) else _structured(descriptor)
        count = prod(shape)
        if slot:
            pool, slot_bytes = slot
            flat = self._memory(pool, offset, count * dtype.itemsize, slot_bytes).view(dtype)
            return flat.reshape(shape, order=order)
        if isinstance(self._payload, bytes):
            self._payload = np.frombuffer(self._payload, np.uint8)
        flat = self._payload[offset : offset + count * dtype.itemsize].view(dtype)
        return flat.reshape(shape, order=order)


def _structured(descriptor: list[Any]) -> np.dtype[Any]:
    """The dtype of a record array; MessagePack made lists of the tuples that numpy wants."""

    def restored(field: Any) -> Any:
        name, kind, *shape = field
        kind = [restored(inner) for inner in kind] if isinstance(kind, list) else kind
        return (tuple(name) if isinstance(name, list) else name, kind, *(tuple(size) for size in shape))

    return np.dtype(np.lib.format.descr_to_dtype([restored(field) for field in descriptor]))

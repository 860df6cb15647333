"""Rights to memory in a pool: a reader's lease, and a writer's loan. Both last as long as Python holds any view."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipertd.shm.pool import ByteArray, Mapped


class Lease:
    """What ``np.asarray`` holds on to: memory by address, read-only unless it is a loan, and news of its end.

    It keeps the base array of its mapping, and mappings are never closed: closing one under a living array would be
    SIGSEGV. ``__del__`` may run in any thread and inside the data plane's own code, so it does one thing: it calls
    ``let_go``, which only appends and rings.

    Attributes:
        owner: who leased or lent it: a consumer, or the slots of a routine.
        routine: the number of that routine.
        key: the message that it belongs to, or the slot's row.
        pool, offset, length: where the memory lies, in bytes.
        slot_bytes: how much its slot holds; who passes on less than half of that copies it instead.

    Source: numpy's array interface protocol. A weak reference on ``np.frombuffer(memoryview)`` does not work, because
    numpy keeps another memoryview.
    """

    __slots__ = (
        "__array_interface__",
        "_base",
        "_let_go",
        "key",
        "length",
        "offset",
        "owner",
        "pool",
        "routine",
        "slot_bytes",
    )

    def __init__(
        self,
        base: Mapped,
        *,
        pool: int,
        offset: int,
        length: int,
        slot_bytes: int,
        owner: object,
        routine: int,
        key: Any,
        let_go: Callable[[], None],
        writable: bool = False,
    ) -> None:
        self._base = base.array
        self._let_go = let_go
        self.owner, self.routine, self.key = owner, routine, key
        self.pool, self.offset, self.length, self.slot_bytes = pool, offset, length, slot_bytes
        self.__array_interface__: dict[str, Any] = {
            "shape": (length,),
            "typestr": "|u1",
            "data": (base.address + offset, not writable),
            "version": 3,
        }

    def __del__(self) -> None:
        self._let_go()

    def array(self) -> ByteArray:
        """The memory, shape ``(length,)`` uint8; the lease ends when the last view of it is collected."""
        return np.asarray(self)

    def offset_of(self, array: np.ndarray[Any, Any]) -> int:
        """Where in the pool a view of this memory begins."""
        return int(self.offset + array.__array_interface__["data"][0] - self.__array_interface__["data"][0])


def lease_of(array: np.ndarray[Any, Any]) -> Lease | None:
    """The lease or loan that an array is a view of."""
    base: Any = array.base
    while isinstance(base, np.ndarray):
        base = base.base
    return base if isinstance(base, Lease) else None


def may_be_passed_on(array: np.ndarray[Any, Any], lease: Lease) -> bool:
    """Whether an array is worth keeping its slot for: in one piece, and at least half of it."""
    in_one_piece = array.flags.c_contiguous or array.flags.f_contiguous
    return in_one_piece and 2 * array.nbytes >= lease.slot_bytes

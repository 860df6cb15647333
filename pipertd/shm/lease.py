"""A reader's right to a payload, which lasts as long as Python holds any view of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pipertd.shm.pool import ByteArray


class _Lease:
    """What ``np.asarray`` holds on to: memory by address, marked read-only, and news of its end.

    It keeps the base array of its mapping, and mappings are never closed: closing one under a living array would be
    SIGSEGV. ``__del__`` may run in any thread and inside the data plane's own code, so it does one thing: it calls
    ``let_go``, which only appends and rings.

    Source: numpy's array interface protocol. A weak reference on ``np.frombuffer(memoryview)`` does not work, because
    numpy keeps another memoryview.
    """

    __slots__ = ("__array_interface__", "_base", "_let_go")

    def __init__(self, base: ByteArray, offset: int, length: int, let_go: Callable[[], None]) -> None:
        self._base = base
        self._let_go = let_go
        self.__array_interface__: dict[str, Any] = {
            "shape": (length,),
            "typestr": "|u1",
            "data": (base.__array_interface__["data"][0] + offset, True),
            "version": 3,
        }

    def __del__(self) -> None:
        self._let_go()


def leased_array(base: ByteArray, offset: int, length: int, let_go: Callable[[], None]) -> ByteArray:
    """``length`` bytes of the pool as a read-only array, shape ``(length,)`` uint8.

    ``let_go`` is called once, when the last view of it is collected; it must neither block nor raise.
    """
    return np.asarray(_Lease(base, offset, length, let_go))

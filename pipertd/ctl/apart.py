"""Streams read apart from the main thread, which Ctrl-C interrupts wherever it stands.

Between two steps of gRPC's Python an interrupt leaves a lock of its taken, for which who cancels the call waits for
ever. So the main thread only sleeps until there is an item.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from pipertd.ctl.waking import Sleep

if TYPE_CHECKING:
    from pipertd.client.streams import Stream

T = TypeVar("T")


def _be_patient() -> None:
    """Wait on without a word."""


def read_apart(
    stream: Stream[T], patience_s: float | None = None, on_silence: Callable[[], None] = _be_patient
) -> Iterator[T]:
    """The items of a stream, each read when it is asked for; it is closed with the iterator.

    Args:
        stream: what is read.
        patience_s: how long an item may take before ``on_silence`` is called, once.
        on_silence: whatever it does, the item is waited for.

    Raises:
        ClientError: there will be no more.
    """
    wanted: SimpleQueue[bool] = SimpleQueue()
    read: SimpleQueue[T | Exception] = SimpleQueue()
    with Sleep() as sleep, stream:
        threading.Thread(target=_read, args=(stream, wanted, read, sleep.wake), daemon=True).start()
        try:
            while True:
                wanted.put(True)
                while read.empty():
                    if not sleep.until(patience_s):
                        patience_s = None
                        on_silence()
                item = read.get()
                if isinstance(item, StopIteration):
                    return
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            wanted.put(False)


def _read(
    stream: Stream[T], wanted: SimpleQueue[bool], read: SimpleQueue[T | Exception], wake: Callable[[], None]
) -> None:
    """Read when it is wanted; whatever ends this thread ends the wait for it."""
    from pipertd.client import ClientError

    try:
        while wanted.get():
            read.put(next(stream))
            wake()
    except ClientError as error:
        read.put(error)
    except StopIteration:
        pass
    finally:
        read.put(StopIteration())
        wake()

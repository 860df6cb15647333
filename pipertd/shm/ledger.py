"""One routine's words: mapped writable by its current generation, read-only by everybody else."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator

from pipertd.errors import LayoutMismatch, LedgerInUse, SegmentError
from pipertd.shm import layout as at
from pipertd.shm.segment import create_segment, map_read_only, map_writable, reserve

_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux


def create_ledger(shape: at.Shape) -> int:
    """A formatted ledger, all of its pages reserved; returns its descriptor.

    Raises:
        SegmentError: there is no shared memory for it.
    """
    size = at.ledger_bytes(shape)
    fd = create_segment(size)
    try:
        reserve(fd, 0, size)
        words = memoryview(map_writable(fd)).cast("Q")
    except BaseException:
        os.close(fd)
        raise
    at.format_ledger(words, shape)
    return fd


class Ledger:
    """A mapped ledger.

    ``words`` are its 8-byte words, ``bytes`` the same memory byte by byte. A load or store of one aligned word is one
    machine instruction; that, and the order of stores, is all that the protocol rests on.
    """

    def __init__(self, fd: int, *, writable: bool) -> None:
        """Map the segment behind ``fd``; LayoutMismatch where it is no ledger of this version."""
        self.fd = fd
        self.bytes = memoryview(map_writable(fd) if writable else map_read_only(fd))
        try:
            self.words = self.bytes.cast("Q")
            self.layout = at.read_layout(self.words)
        except (TypeError, IndexError) as reason:  # it has no whole words, or too few of them
            raise LayoutMismatch(f"cannot read a ledger: its {len(self.bytes)} bytes hold none") from reason

    def lock(self) -> None:
        """Become the ledger's writer until this process dies.

        The kernel frees the lock with the process, however it dies. Because it also frees a POSIX lock when *any*
        descriptor of the file is closed, a flow never closes a ledger's descriptor or mapping.

        Raises:
            LedgerInUse: another living process holds it.
        """
        try:
            fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
        except (BlockingIOError, PermissionError) as reason:
            raise LedgerInUse("cannot take over a ledger: another process still writes it") from reason
        except OSError as reason:
            raise SegmentError(f"cannot lock a ledger: {reason}") from reason

    def has_writer(self) -> bool:
        """Whether another living process holds the lock."""
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
        kind, *_ = _FLOCK.unpack(fcntl.fcntl(self.fd, fcntl.F_GETLK, asked))
        return bool(kind != fcntl.F_UNLCK)

    def commit_word(self, field: int) -> int:
        """A word of the commit record that is in force."""
        return int(self.words[self.layout.commit_copy(self.words[self.layout.commit]) + field])

    def count_word(self, field: int) -> int:
        """A word of the count record that is in force."""
        return int(self.words[self.layout.count_copy(self.words[self.layout.count]) + field])

    def count(self, in_slot: int, which: int) -> int:
        """How many messages of an in-link were delivered, failed, quarantined, found stale or dropped by it."""
        return self.count_word(at.N_COUNTS + in_slot * at.COUNT_WORDS + which)

    def hands(self) -> Iterator[int]:
        """The window's slots of what is in hand, the oldest first: claimed, and not acknowledged.

        A hand that names a sequence at or above ``taken`` was never claimed.
        """
        words, acknowledged = self.words, self.count_word(at.N_ACKNOWLEDGED)
        for number in range(acknowledged, acknowledged + self.layout.hands):
            hand = self.layout.hand(number)
            if words[hand + at.W_NUMBER] != number + 1:
                return
            taken = words[self.layout.ins[words[hand + at.W_LINK]].base + at.I_TAKEN]
            if words[hand + at.W_ENTRY + at.E_SEQUENCE] > taken:
                return
            yield hand

    def in_hand(self, in_slot: int) -> int:
        """How many messages of an in-link are in hand."""
        link = self.layout.ins[in_slot]
        if link.within_flow:
            return max(0, int(self.words[link.base + at.I_TAKEN]) - self.count(in_slot, at.N_DONE))
        return sum(self.words[hand + at.W_LINK] == in_slot for hand in self.hands())

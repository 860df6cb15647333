"""One routine's words: mapped writable by its current generation, read-only by everybody else."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence

from pipertd.errors import LedgerInUse, SegmentError
from pipertd.shm import layout as at
from pipertd.shm.segment import create_segment, map_read_only, map_writable, reserve


def create_ledger(
    out_depths: Sequence[int], in_capacities: Sequence[int], rows: int, foreign_rows: int, pool_bytes: int
) -> int:
    """A formatted ledger, all of its pages reserved; returns its descriptor.

    Args:
        out_depths: the depth of every out-link.
        in_capacities: the return ring of every in-link, see :func:`layout.return_capacity`.
        rows: slots of the routine's pool.
        foreign_rows: rows beyond the pool's, for messages that are passed on.
        pool_bytes: how large its pool is.

    Raises:
        SegmentError: there is no shared memory for it.
    """
    size = at.ledger_bytes(out_depths, in_capacities, rows, foreign_rows, pool_bytes)
    fd = create_segment(size)
    try:
        reserve(fd, 0, size)
        words = memoryview(map_writable(fd)).cast("Q")
    except BaseException:
        os.close(fd)
        raise
    at.format_ledger(words, out_depths, in_capacities, rows, foreign_rows, pool_bytes)
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
        self.words = self.bytes.cast("Q")
        self.layout = at.read_layout(self.words)

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

    def commit_word(self, field: int) -> int:
        """A word of the commit record that is in force."""
        return int(self.words[self.layout.commit_copy(self.words[self.layout.commit]) + field])

    def hand_word(self, field: int) -> int:
        """A word of the hand record that is in force."""
        return int(self.words[self.layout.hand_copy(self.words[self.layout.hand]) + field])

    def is_in_hand(self, in_slot: int) -> bool:
        """Whether a message of this in-link is in hand; one that was never claimed, behind ``taken``, is not."""
        return (
            self.hand_word(at.H_STATE) == at.IN_HAND
            and self.hand_word(at.H_LINK) == in_slot
            and self.hand_word(at.H_SEQUENCE) < self.words[self.layout.ins[in_slot].base + at.I_TAKEN]
        )

    def count(self, in_slot: int, which: int) -> int:
        """How many messages of an in-link were delivered, failed, quarantined or found stale."""
        return self.hand_word(at.H_COUNTS + in_slot * at.COUNT_WORDS + which)

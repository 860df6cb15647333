"""One shared-memory object without a name: made under a random one, unlinked at once, passed on by descriptor."""

from __future__ import annotations

import errno
import mmap
import os
import secrets

import posix_ipc

from pipertd.errors import SegmentError

PAGE = mmap.PAGESIZE
NAME_PREFIX = "pipertd-"  # of the name that a segment has for a moment, and that /proc shows for as long as it lives


def create_segment(size: int) -> int:
    """A new segment of ``size`` bytes, all zero and with no page reserved; returns its close-on-exec descriptor.

    Raises:
        SegmentError: the system has no more descriptors or shared memory is not mounted.
    """
    try:
        name = f"/{NAME_PREFIX}{secrets.token_hex(8)}"
        memory = posix_ipc.SharedMemory(name, posix_ipc.O_CREX, mode=0o600, size=size)
        memory.unlink()
    except (OSError, posix_ipc.Error) as reason:
        raise SegmentError(f"cannot create a segment of {size} bytes: {reason}") from reason
    os.set_inheritable(memory.fd, False)
    return int(memory.fd)


def reserve(fd: int, offset: int, length: int) -> None:
    """Give pages to ``[offset, offset + length)`` for good, so that touching them can never be SIGBUS.

    ``ftruncate`` reserves nothing: a full /dev/shm would show as a signal that Python cannot catch.

    Raises:
        SegmentError: there is no room, with the arithmetic.
    """
    try:
        os.posix_fallocate(fd, offset, length)
    except OSError as reason:
        if reason.errno not in (errno.ENOSPC, errno.ENOMEM):
            raise SegmentError(f"cannot reserve {length} bytes of shared memory: {reason}") from reason
        room = os.fstatvfs(fd)
        free = room.f_bavail * room.f_frsize
        total = room.f_blocks * room.f_frsize
        raise SegmentError(
            f"cannot reserve {length} bytes of shared memory: {free} of {total} bytes are free there; "
            "make it larger (mount -o remount,size=… /dev/shm) or lower shm_limit, depth or the size of messages"
        ) from reason


def map_writable(fd: int) -> mmap.mmap:
    """The whole segment, for its one writer; SegmentError where the system cannot map it."""
    return _mapped(fd, mmap.PROT_READ | mmap.PROT_WRITE)


def map_read_only(fd: int) -> mmap.mmap:
    """The whole segment, for everybody else: a stray assignment is an exception, a stray C write SIGSEGV."""
    return _mapped(fd, mmap.PROT_READ)


def _mapped(fd: int, protection: int) -> mmap.mmap:
    try:
        return mmap.mmap(fd, 0, flags=mmap.MAP_SHARED, prot=protection)
    except (OSError, ValueError) as reason:  # ValueError: it is empty
        raise SegmentError(f"cannot map a segment: {reason}") from reason

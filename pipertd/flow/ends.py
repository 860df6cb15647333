"""The other ends of a routine's links through shared memory, as its specification names them."""

from __future__ import annotations

from pipertd.names import Policy
from pipertd.protocol import InputSpec, LinkSpec, OutputSpec
from pipertd.shm.guard import Guard
from pipertd.shm.inlink import Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import Reader


def reader_of(output: OutputSpec) -> Reader:
    """Who reads an out-link."""
    ledger = Ledger(output.peer_ledger_fd, writable=False)
    return Reader(
        ledger,
        output.peer_slot,
        output.peer_bell_fd,
        output.depth,
        Policy(output.policy),
        _guard(output),
        output.unlinked,
    )


def writer_of(given: InputSpec) -> Writer:
    """Who writes an in-link."""
    return Writer(
        ledger=Ledger(given.peer_ledger_fd, writable=False),
        column=given.peer_slot,
        bell_fd=given.peer_bell_fd,
        guard=_guard(given),
        unlinked=given.unlinked,
    )


def _guard(link: LinkSpec) -> Guard | None:
    return Guard(link.guard_fd, link.guard_byte) if link.guard_fd >= 0 else None

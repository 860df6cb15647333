"""The gate of a flow's process: before the daemon opens it, no code of an author's runs and no ledger is touched.

Between the start of the process and the opening the daemon sets its limits and puts it on record. A process that no
daemon will ever know of so ends by itself: its gate falls shut when the daemon dies.

A standby is let in twice. First it may import its code: most of the time between a flow's death and its next message
goes into starting Python and importing numpy and the author's modules. Then it waits, without a lock and without a
map, because until it takes over the ledgers are another process's.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from pipertd.flow.loader import load_class
from pipertd.protocol import MAX_MESSAGE_BYTES, Begin, FlowSpec, Prepare, decode_at_gate


def wait_at_gate(spec: FlowSpec) -> FlowSpec | None:
    """Wait until the daemon says what to run; None where it fell shut: nobody needs this process any more.

    Raises:
        LoadError: a class cannot be had.
        msgspec.MsgspecError: the daemon said something that belongs to no gate.
    """
    with socket.socket(fileno=spec.gate_fd) as gate:
        order = _arrive(gate)
        if isinstance(order, Prepare):
            _import_classes(spec)
            order = _hear(gate)
    if not isinstance(order, Begin):
        return None
    return replace(
        spec,
        generation=order.generation,
        nonce=order.nonce,
        charge=order.charge,
        paused=order.paused,
        gate_fd=-1,
    )


def may_settle(spec: FlowSpec) -> bool:
    """Wait until the daemon lets a process settle, which leaves the gate open: it falls shut when the daemon dies."""
    with socket.socket(fileno=os.dup(spec.gate_fd)) as gate:
        return _arrive(gate) is not None


def _arrive(gate: socket.socket) -> Prepare | Begin | None:
    """Tell the daemon that Python and numpy are there, so that it starts the next process; what it says."""
    with suppress(BrokenPipeError, ConnectionResetError):  # it died: the gate is shut, and says so
        gate.send(b"!")
    return _hear(gate)


def _hear(gate: socket.socket) -> Prepare | Begin | None:
    said = gate.recv(MAX_MESSAGE_BYTES)  # nothing at its end
    return decode_at_gate(said) if said else None


def _import_classes(spec: FlowSpec) -> None:
    folders = [Path(each) for each in spec.path]
    for routine in spec.routines:
        load_class(routine.class_path, folders)

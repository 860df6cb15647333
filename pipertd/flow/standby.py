"""A second process of a flow: it has imported all that the first one needs, and takes over when that one dies.

Most of the time between a flow's death and its next message goes into starting Python and importing numpy and the
author's modules. A standby has that behind it. It holds no lock and maps nothing: until it takes over, the ledgers are
the first one's.
"""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

from pipertd.flow.loader import load_class
from pipertd.protocol import FlowSpec, decode_takeover


def stand_by(spec: FlowSpec) -> FlowSpec | None:
    """Import the routines' classes, then wait; what to run, or None where nobody needs this process any more.

    Raises:
        LoadError: a class cannot be had.
        msgspec.MsgspecError: the daemon said something that is no takeover.
    """
    folders = [Path(each) for each in spec.path]
    for routine in spec.routines:
        load_class(routine.class_path, folders)
    with os.fdopen(spec.standby_fd, "rb") as daemon:
        said = daemon.read()  # all of it: the daemon, or its death, closes the other end
    if not said:
        return None
    order = decode_takeover(said)
    return replace(spec, generation=order.generation, nonce=order.nonce, charge=order.charge, standby_fd=-1)

"""``python -m pipertd.flow [--settle] PIPELINE/FLOW DESCRIPTOR``: one flow, as the supervisor starts it.

``--settle`` runs nothing of it, but settles what its last generation left.

Exit status: 0 every routine ended or stopped cleanly, 1 a routine failed, 2 the specification cannot be used, 75 the
daemon did not let it in.
"""

from __future__ import annotations

import logging
import os
import sys

import msgspec

from pipertd.flow.lifetime import UNUSABLE, live
from pipertd.flow.member import made_of_class
from pipertd.flow.records import handler_of
from pipertd.logs.destination import Handler
from pipertd.logs.printed import take_prints
from pipertd.protocol import FlowSpec, decode_spec


def main(arguments: list[str]) -> int:
    """Run, or settle, the flow that the descriptor's specification tells of."""
    only_settles = arguments[:1] == ["--settle"]
    try:
        spec = _read_spec(int(arguments[2 if only_settles else 1]))
    except (IndexError, ValueError, OSError, msgspec.MsgspecError) as reason:
        print(f"cannot run a flow: {reason}; flows are started by pipertd", file=sys.stderr)
        return UNUSABLE
    return live(spec, _log_as_told(spec), made_of_class, settles=only_settles)


def _read_spec(fd: int) -> FlowSpec:
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return decode_spec(file.read())


def _log_as_told(spec: FlowSpec) -> Handler:
    """Every record goes to one place, and so does what is printed."""
    handler = handler_of(spec)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    take_prints(handler.prints)
    return handler


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""``python -m pipertd.tap LINK DESCRIPTOR``: looks at one link for one client, as the daemon starts it.

Exit status: 0 nobody wants to look any more, 1 the link cannot be read, 2 the specification cannot be used.
"""

from __future__ import annotations

import os
import socket
import sys

import msgspec

from pipertd.errors import SegmentError
from pipertd.protocol import TapSpec, decode_tap_spec
from pipertd.shm.ledger import Ledger
from pipertd.tap.link import TappedLink
from pipertd.tap.process import TapProcess
from pipertd.tap.smallness import be_small

ENDED, UNREADABLE, UNUSABLE = 0, 1, 2


def main(arguments: list[str]) -> int:
    """Look at the link that the descriptor's specification tells of; its name is there to be seen in ``ps``."""
    try:
        be_small()
        spec = _read_spec(int(arguments[1]))
        daemon = socket.socket(fileno=spec.daemon_fd)
    except (IndexError, ValueError, OSError, msgspec.MsgspecError) as reason:
        print(f"cannot tap a link: {reason}; taps are started by pipertd", file=sys.stderr)
        return UNUSABLE
    with daemon:
        try:
            link = TappedLink(Ledger(spec.ledger_fd, writable=False), spec.column, spec.pools)
        except SegmentError as reason:
            print(f"cannot tap {arguments[0]}: {reason}", file=sys.stderr)
            return UNREADABLE
        try:
            TapProcess(spec, link, daemon).run()
        except OSError:  # the daemon has no more use for it
            pass
    return ENDED


def _read_spec(fd: int) -> TapSpec:
    with os.fdopen(fd, "rb") as file:
        return decode_tap_spec(file.read())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""``pipertctl``."""

from __future__ import annotations

import os
import sys

from pipertd.ctl.app import app
from pipertd.ctl.exits import Exit, fail


def main() -> None:
    """Run the command line; what cannot be written where it should go ends it in one line."""
    try:
        app(prog_name="pipertctl")
    except OSError as reason:
        if reason.filename is not None:
            raise  # that is no stream of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere, without a complaint
        raise fail(f"cannot write the output: {reason.strerror}", Exit.FAILED) from None


if __name__ == "__main__":
    main()

"""A deadline that a flow has set itself, where nobody else would end it: it leaves its stacks, and goes."""

from __future__ import annotations

import faulthandler
import sys
from contextlib import suppress


def end_within(seconds: float, stacks_fd: int | None = None) -> None:
    """Have this process gone by then, with the stacks of all threads in that file, or on standard error.

    Where no thread is left to watch the time, it goes without a deadline: what goes well is not to fail of that.
    """
    with suppress(RuntimeError):
        faulthandler.dump_traceback_later(seconds, exit=True, file=sys.stderr if stacks_fd is None else stacks_fd)

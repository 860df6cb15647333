"""What becomes of a pipe when the last line of its script has run."""

from __future__ import annotations

import atexit
import concurrent.futures.thread  # noqa: F401 - whose exit function has to run behind ours: it ends what we need
import logging
import sys
import threading
from contextlib import suppress

from pipertd.embedded.supervision import Supervision

# Before threads are joined and executors refuse work, where this Python can do that.
call_at_exit = getattr(threading, "_register_atexit", atexit.register)


def outlast(supervision: Supervision, logger: logging.Logger) -> None:
    """Return when the pipe may end: where others are let in to it, when it was killed, or at Ctrl-C; else at once.

    As in PipeRT2, the last line of many a script lets others in. What ends with a script unasked says so.
    """
    if _failed() or supervision.is_told_to_end:
        return
    if supervision.is_served:
        with suppress(KeyboardInterrupt):
            supervision.wait_over()
    elif not supervision.is_at_rest:
        logger.warning("the script has ended, and its pipe ends with it; a script that says pipe.join() waits for it")


def _failed() -> bool:
    """Whether an exception, such as Ctrl-C, has ended the script."""
    return getattr(sys, "last_value", None) is not None

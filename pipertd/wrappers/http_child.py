"""``python -m pipertd.wrappers.http_child SCRIPT …``: pipertd-http with the other arguments, until SCRIPT is gone.

SCRIPT is the process id of our parent. It may be killed, and cannot end us then.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading

from pipertd.cockpit.__main__ import main
from pipertd.death_signal import have_at_death_of_parent


def _end_with(script: int) -> None:
    select.select([script], [], [])
    os.kill(os.getpid(), signal.SIGTERM)


def begin() -> None:
    """Watch the script, and serve."""
    parent = int(sys.argv.pop(1))
    script = os.pidfd_open(parent)
    have_at_death_of_parent(signal.SIGCONT)  # else one that is stopped would stay
    if os.getppid() != parent:
        return
    threading.Thread(target=_end_with, args=(script,), name="script", daemon=True).start()
    main()


if __name__ == "__main__":
    begin()

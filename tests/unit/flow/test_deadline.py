"""The deadline that a flow has set itself."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

WITHOUT_A_THREAD = """
    import resource
    from pathlib import Path
    from pipertd.flow.deadline import end_within

    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + (1 << 20), -1))  # no room for the stack of one
    end_within(60)
    print("goes on")
"""
LATE = """
    import time
    from pipertd.flow.deadline import end_within

    def hang():
        end_within(0.01)
        time.sleep(600)

    hang()
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, timeout=120, check=False
    )


def test_who_is_late_leaves_its_stacks_and_goes() -> None:
    """Its exit status is no success."""
    done = run(LATE)
    assert done.returncode == 1
    assert " in hang" in done.stderr


def test_where_there_can_be_no_thread_nothing_fails() -> None:
    """A flow that came to its end is not to be told from that as one that failed."""
    done = run(WITHOUT_A_THREAD)
    assert (done.returncode, done.stdout) == (0, "goes on\n")

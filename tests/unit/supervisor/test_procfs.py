"""What /proc tells of a process, read beside what the process knows of itself."""

from __future__ import annotations

import subprocess
import sys

from pipertd.supervisor import procfs

HUNGRY = """
import time
print(flush=True)
input()
held = bytearray(b"x") * (64 << 20)
end_s = time.process_time() + 0.2
while time.process_time() < end_s:
    pass
print(flush=True)
input()
"""


def test_usage_is_that_of_the_process() -> None:
    """Processor time grows with work, and memory by what is written to, of a process that does nothing else."""
    with subprocess.Popen(
        [sys.executable, "-c", HUNGRY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        before = procfs.usage(child.pid)
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        after = procfs.usage(child.pid)
        child.kill()
    assert before is not None
    assert after is not None
    assert after.cpu_s > before.cpu_s
    assert after.memory_bytes >= before.memory_bytes + (32 << 20)


def test_usage_of_nobody_is_none() -> None:
    """A process that is gone uses nothing that could be told."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert procfs.usage(gone.pid) is None

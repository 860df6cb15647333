"""Scripts with a pipe in them, run by a Python of their own as a user runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from textwrap import dedent

REPOSITORY = Path(__file__).parents[2]
DEADLINE_S = 120.0
PRELUDE = """
import multiprocessing, os, signal, sys, time
from multiprocessing import Value
from multiprocessing.sharedctypes import RawValue  # no lock that a killed process may hold
import numpy as np
from pipertd import *

def until(condition, what="it"):
    end_s = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < end_s, f"waited for {what}"
        time.sleep(0.005)
    return value

class Count(SourceRoutine):
    fps = 200
    number = 0
    def main_logic(self):
        self.number += 1
        return {"number": self.number}

class Keep(DestinationRoutine):
    def __init__(self, name=None):
        super().__init__(name)
        self.last = RawValue("q", 0)
    def main_logic(self, data):
        self.last.value = data["number"]
"""


class Script:
    """A script in a folder of its own, with another one for its temporary files.

    That has a short name, as users' have: with a test's own, the names of sockets in it would be too long.
    """

    def __init__(self, folder: Path, body: str, prelude: str = PRELUDE) -> None:
        self.file = folder / "script.py"
        self.file.write_text(prelude + dedent(body))
        self.temporary = Path(tempfile.mkdtemp(prefix="script-"))
        weakref.finalize(self, shutil.rmtree, self.temporary, ignore_errors=True)

    def start(self, own_group: bool = False) -> subprocess.Popen[str]:
        """Run it, as a terminal does if in a group of its own; it prints into pipes."""
        return subprocess.Popen(
            [sys.executable, str(self.file)],
            cwd=self.file.parent,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0 if own_group else None,
        )

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it to its end. Both its outputs end only when every process that it started has ended."""
        process = self.start()
        try:
            printed, said = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, printed, said)

    def works(self) -> subprocess.CompletedProcess[str]:
        """Run it: it ends well, and leaves nothing in the folder for temporary files."""
        done = self.run()
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert self.left == [], done.stderr
        return done

    @property
    def left(self) -> list[Path]:
        """What lies in the folder for temporary files."""
        return sorted(self.temporary.iterdir())

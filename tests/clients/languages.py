"""The languages that have a client, and how its programs are built and run."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

CLIENTS = Path(__file__).parents[2] / "clients"
MUST_RUN = "PIPERTD_CLIENTS_MUST_RUN"  # set where a client that cannot run is a failure and no reason to skip


@dataclass(frozen=True)
class Language:
    """One client.

    Attributes:
        tools: the programs that its build takes.
        build: its usual command, in its folder.
        programs: what runs ``example`` and ``calls``; ``{}`` stands for it; paths are relative.
        proof: the file that a build makes; relative, too.
    """

    name: str
    tools: tuple[str, ...]
    build: tuple[str, ...]
    programs: tuple[str, ...]
    proof: str

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return CLIENTS / self.name

    def lacks(self) -> str:
        """Why its programs cannot be run, in words; empty where they can."""
        if missing := [tool for tool in self.tools if shutil.which(tool) is None]:
            return f"clients/{self.name} needs {' and '.join(missing)}, see its README.md"
        if not (self.folder / self.proof).exists():
            return f"clients/{self.name} is not built: `make clients-test` builds it"
        return ""

    def command(self, program: str, *arguments: str) -> list[str]:
        """What runs ``example`` or ``calls``, from any folder."""
        words = [word.format(program) for word in self.programs]
        return [str(self.folder / word) if "/" in word else word for word in words] + list(arguments)


LANGUAGES = (
    Language("go", ("go",), ("go", "build", "-o", "bin/", "./cmd/..."), ("bin/{}",), "bin/example"),
    Language("typescript", ("node", "npm"), ("npm", "install"), ("node", "dist/{}.js"), "dist/example.js"),
    Language("java", ("java", "mvn"), ("mvn", "package"), ("bin/{}",), "target/pipertd-client.jar"),
    Language("rust", ("cargo",), ("cargo", "build"), ("target/debug/{}",), "target/debug/example"),
    Language("cpp", ("cmake", "c++"), ("cmake", "--workflow", "--preset", "default"), ("build/{}",), "build/example"),
)

PYTHON_CALLS = [sys.executable, str(CLIENTS / "python/calls.py")]


def must_run() -> bool:
    """Whether a client that cannot run is a failure."""
    return bool(os.environ.get(MUST_RUN))

"""What process tests share."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.served import DEADLINE_S, Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    yield one
    if one.process is not None and one.process.poll() is None:
        one.process.terminate()
        try:
            one.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            one.process.kill()
            one.process.wait()

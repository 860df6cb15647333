"""Tests of the service run in a system that is thrown away, or have a machine of their own; else they are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# The first ones write to /etc and /opt, so they run only where that is gone afterwards; the others install qemu.
_NEEDS = {
    "test_service.py": ("PIPERTD_THROW_AWAY_SYSTEM", "a throw-away system with systemd: `make test-system`, as root"),
    "test_machine.py": ("PIPERTD_MAY_HAVE_A_MACHINE", "a virtual machine of its own: `make test-machine`, as root"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is not in its place."""
    for item in items:
        if HERE in item.path.parents:
            variable, what = _NEEDS[item.path.name]
            if not os.environ.get(variable):
                item.add_marker(pytest.mark.skip(reason=f"needs {what}"))

"""Tests of the service run in a throw-away system that a real systemd booted; elsewhere they are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests write to /etc and /opt, so they run only where that is gone afterwards."""
    if os.environ.get("PIPERTD_THROW_AWAY_SYSTEM"):
        return
    skip = pytest.mark.skip(reason="needs a throw-away system with systemd: `make test-system`, as root")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(skip)

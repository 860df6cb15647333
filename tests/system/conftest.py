"""Tests of the service run in a system that is thrown away, or have a machine of their own; else they are skipped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.service import INSTALLED, SETTINGS, STATE, flows, install, run
from tests.waiting import wait_until

HERE = Path(__file__).parent
# Most write to /etc and /opt, so they run only where that is gone afterwards, those of packages in a system of their
# own; those of a machine install qemu.
_THROWN_AWAY = ("PIPERTD_THROW_AWAY_SYSTEM", "a throw-away system with systemd: `make test-system`, as root")
_NEEDS = {
    "test_package.py": ("PIPERTD_PACKAGES", "a throw-away system of its own and packages: `make test-system`, as root"),
    "test_machine.py": ("PIPERTD_MAY_HAVE_A_MACHINE", "a virtual machine of its own: `make test-machine`, as root"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is not in its place."""
    for item in items:
        if HERE in item.path.parents:
            variable, what = _NEEDS.get(item.path.name, _THROWN_AWAY)
            if not os.environ.get(variable):
                item.add_marker(pytest.mark.skip(reason=f"needs {what}"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The service, installed and not started."""
    install(tmp_path_factory.mktemp("source"))


@pytest.fixture
def service(installed: None) -> Iterator[None]:
    """The service, started, with both flows at work; stopped and its records gone afterwards."""
    run("systemctl", "start", "pipertd")
    wait_until(lambda: {flow["state"] for flow in flows().values()} == {"RUNNING"}, what="both flows to run")
    yield
    run("systemctl", "stop", "pipertd")
    shutil.rmtree("/var/lib/pipertd")


@pytest.fixture
def sandbox(installed: None) -> Iterator[None]:
    """The service, installed and not started; drop-ins, settings and records are gone afterwards."""
    yield
    run("systemctl", "stop", "pipertd")
    for folder in (INSTALLED, STATE, Path("/etc/pipertd/tls")):
        shutil.rmtree(folder, ignore_errors=True)
    SETTINGS.unlink(missing_ok=True)
    run("systemctl", "daemon-reload")

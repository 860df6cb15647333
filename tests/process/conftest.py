"""What process tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.keeper import Keeper, keeper
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    one = Daemon(tmp_path)
    yield one
    one.end()


@pytest.fixture
def served(daemon: Daemon) -> Daemon:
    """A daemon with a pipeline that is up."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.001))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    return daemon


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Keeper]:
    """The service manager of the test's daemons; it is there until they are gone."""
    with keeper(tmp_path) as one:
        yield one


@pytest.fixture
def kept(manager: Keeper, daemon: Daemon) -> Iterator[Callable[[], None]]:
    """Start a daemon that has somebody who keeps, and is given what is kept by then."""

    def start() -> None:
        daemon.start(program=manager.program, fds=manager.fds, NOTIFY_SOCKET=manager.address)

    yield start
    daemon.end()

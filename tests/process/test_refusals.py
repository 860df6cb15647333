"""Every refusal tells a program what it is: one ErrorInfo, with a reason of the list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from pipertd.control.codes import DOMAIN, INTERNAL, REASONS
from pipertd.control.limits import MOST_REQUEST_BYTES
from tests.process.calls import error_info
from tests.process.hostile import Raw, Rpc, rpcs
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

KNOWN = {each.name for each in REASONS}
GARBAGE = b"\xff\xff\xff\xff"
# Fields 1 to 9, each a message whose first field is a text that is no name.
MISTAKEN = b"".join(bytes([number << 3 | 2, 7, 0x0A, 5]) + b"no/no" for number in range(1, 10))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that has nothing to do."""
    daemon = Daemon(tmp_path_factory.mktemp("served"))
    daemon.start()
    daemon.wait_for("daemon_started")
    wait_until(lambda: daemon.ctl("status").returncode == 0, DEADLINE_S, "an answer")
    yield daemon
    daemon.stop()


@pytest.mark.parametrize("door", ["control.sock", "observe.sock"])
@pytest.mark.parametrize("rpc", list(rpcs()), ids=lambda rpc: rpc.path.rpartition("/")[2])
def test_every_refusal_has_one_error_info(served: Daemon, rpc: Rpc, door: str) -> None:
    """Whatever is asked of an rpc wrongly, by whichever door, what it says is in the list, and is no fault of ours."""
    socket: Path = served.runtime / door
    raw = Raw(socket)
    refused = 0
    try:
        for request in (b"", MISTAKEN, GARBAGE, bytes([0xFA, 0x3F, 0x80, 0x80, 0x40]) + bytes(MOST_REQUEST_BYTES)):
            error = raw.answer(rpc, request, responses=1)
            if error.code() is grpc.StatusCode.OK:
                continue
            refused += 1
            info = error_info(error)
            assert info.domain == DOMAIN
            assert info.reason in KNOWN - {INTERNAL}
    finally:
        raw.close()
    assert refused >= 2

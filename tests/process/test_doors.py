"""The ways into a real daemon."""

from __future__ import annotations

import grp
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from pipertd.client import Client, ClientError
from pipertd.rpc import authority_pb2
from pipertd.rpc.status_pb2 import GetDaemonRequest
from pipertd.rpc.status_pb2_grpc import StatusServiceStub
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


def test_an_observer_sees_and_does_not_touch(served: Daemon) -> None:
    """On observe.sock status is told; a stop is refused in words that say why and what to do, and nothing stops."""
    with Client(str(served.runtime / "observe.sock")) as observer:
        assert [each.name for each in observer.pipelines.list()] == ["p"]
        with pytest.raises(ClientError) as refused:
            observer.pipelines.stop("p")
    error = refused.value
    assert (error.code, error.reason) == ("PERMISSION_DENIED", "NOT_PERMITTED")
    assert str(error) == (
        "cannot call StopPipeline: it takes the role operator, and observe.sock makes you an observer; "
        f"use {served.runtime}/control.sock, or ask who may"
    )
    assert error.metadata["least_role"] == "operator"
    assert served.status("p")["state"] == "RUNNING"


def test_a_daemon_tells_a_caller_its_role(served: Daemon) -> None:
    """GetDaemon answers with the role that the caller's own door gives."""
    roles = {}
    for name in ("control.sock", "observe.sock"):
        with grpc.insecure_channel(f"unix:{served.runtime / name}") as channel:
            told = StatusServiceStub(channel).GetDaemon(GetDaemonRequest())
            roles[name] = told.daemon.role
    assert roles == {"control.sock": authority_pb2.ROLE_ADMIN, "observe.sock": authority_pb2.ROLE_OBSERVER}


def test_a_socket_is_given_to_its_group_by_a_daemon_that_is_in_it(tmp_path: Path) -> None:
    """Of a group that the daemon is not in, and of one that does not exist, it keeps the daemon's own."""
    mine, strange = (os.getgroups() or [os.getegid()])[-1], None
    if os.geteuid() == 0:
        mine, strange = (group.gr_gid for group in grp.getgrall()[1:3])
    program = """
import asyncio, grpc, sys
from pathlib import Path
from pipertd.control.doors import SocketDoor
from pipertd.control.roles import Role

async def main():
    for group in sys.argv[2:]:
        server = grpc.aio.server()
        SocketDoor(Path(sys.argv[1], group), Role.OBSERVER, group).open(server)
        print(Path(sys.argv[1], group).stat().st_gid)
        await server.stop(None)

asyncio.run(main())
"""
    names = [grp.getgrgid(number).gr_name for number in (mine, strange) if number is not None]
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), *names, "no-such-group"],
        extra_groups=[mine] if os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=True,
    )
    others = [str(os.getegid())] * len(names)
    assert done.stdout.split() == [str(mine), *others]


def test_sockets_are_for_user_and_group(served: Daemon) -> None:
    """Both sockets are there with mode 0660, and both are gone after a stop."""
    sockets = [served.runtime / name for name in ("control.sock", "observe.sock")]
    assert [stat.S_IMODE(each.stat().st_mode) for each in sockets] == [0o660, 0o660]
    assert served.stop() == 0
    assert list(served.runtime.iterdir()) == []


def test_a_second_daemon_takes_nothing_from_the_first(served: Daemon) -> None:
    """It is refused before it touches a socket: both are the same files, and answer."""
    sockets = [served.runtime / name for name in ("control.sock", "observe.sock")]
    before = [each.stat().st_ino for each in sockets]
    assert served.process is not None
    first = served.process
    assert served.start().wait(DEADLINE_S) == 1
    served.process = first
    assert [each.stat().st_ino for each in sockets] == before
    for each in sockets:
        with Client(str(each)) as client:
            assert [pipeline.name for pipeline in client.pipelines.list()] == ["p"]


def test_a_socket_that_a_killed_daemon_left_is_replaced(served: Daemon) -> None:
    """After SIGKILL the sockets are there and nobody answers; the next daemon serves at them."""
    served.kill()
    with pytest.raises(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as attempt:
        attempt.connect(str(served.runtime / "observe.sock"))
    served.start()
    served.wait_loaded()  # then both sockets are served
    wait_until(lambda: served.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows, adopted")
    with Client(str(served.runtime / "observe.sock")) as observer:
        assert [each.name for each in observer.pipelines.list()] == ["p"]


def _file(path: Path) -> None:
    path.write_text("mine")


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to(path.with_name("somewhere"))


@pytest.mark.parametrize("made", [_file, _folder, _link])
@pytest.mark.parametrize("name", ["control.sock", "observe.sock"])
def test_what_is_no_socket_is_not_deleted(daemon: Daemon, name: str, made: Callable[[Path], None]) -> None:
    """A file, a folder or a link at a socket's path stays; the daemon says which, and leaves no socket of its own."""
    daemon.runtime.mkdir()
    path = daemon.runtime / name
    made(path)
    assert daemon.start().wait(DEADLINE_S) == 1
    told = (daemon.folder / "stderr").read_text()
    assert f"cannot bind {path}: something that is no socket lies there; move it away" in told
    assert [each.name for each in daemon.runtime.iterdir()] == [name]

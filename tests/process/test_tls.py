"""The door over TCP of a real daemon: who comes in, and as what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from pipertd.rpc import authority_pb2
from pipertd.rpc.status_pb2 import GetDaemonRequest
from pipertd.rpc.status_pb2_grpc import StatusServiceStub
from tests.process.authorities import Authority, port, unused_port
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextmanager
def calls(daemon: Daemon, credentials: grpc.ChannelCredentials) -> Iterator[StatusServiceStub]:
    with grpc.secure_channel(f"127.0.0.1:{port(daemon)}", credentials) as channel:
        yield StatusServiceStub(channel)


def role(daemon: Daemon, credentials: grpc.ChannelCredentials) -> int:
    with calls(daemon, credentials) as status:
        told: int = status.GetDaemon(GetDaemonRequest(), timeout=DEADLINE_S).daemon.role
        return told


def test_the_name_in_a_certificate_is_the_role(daemon: Daemon, authority: Authority) -> None:
    """Each name of [tls.roles] has its role; another one is refused in words that say its name and the setting."""
    daemon.settings.write_text(authority.settings())
    daemon.start()
    assert [role(daemon, authority.credentials(name)) for name in ("olga", "otto", "anna")] == [
        authority_pb2.ROLE_OBSERVER,
        authority_pb2.ROLE_OPERATOR,
        authority_pb2.ROLE_ADMIN,
    ]
    with calls(daemon, authority.credentials("mallory")) as status, pytest.raises(grpc.RpcError) as refused:
        status.GetDaemon(GetDaemonRequest(), timeout=DEADLINE_S)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert refused.value.details() == (
        "cannot call GetDaemon: it takes the role observer, and the certificate of 'mallory' has no role; "
        "the daemon's settings give roles to names, under [tls.roles]"
    )


def test_a_new_certificate_needs_no_restart(daemon: Daemon, authority: Authority) -> None:
    """Written over the old files it is shown in the next handshake; one that cannot be used leaves the old one."""
    daemon.settings.write_text(authority.settings())
    daemon.start()
    assert role(daemon, authority.credentials("anna")) == authority_pb2.ROLE_ADMIN
    told = daemon.folder / "stderr"

    authority.server(days=-1)
    assert role(daemon, authority.credentials("anna")) == authority_pb2.ROLE_ADMIN
    wait_until(lambda: "it has expired at" in told.read_text(), DEADLINE_S, "a word on the certificate")

    other = Authority(authority.folder, "renewed")
    for file in ("server.pem", "server.key", "ca.pem"):
        if file == "server.pem":
            other.server()
        (authority.folder / file).write_bytes((other.folder / file).read_bytes())
    assert role(daemon, other.credentials("anna")) == authority_pb2.ROLE_ADMIN
    wait_until(lambda: "server.pem was read again" in told.read_text(), DEADLINE_S, "a word on the new one")


def test_a_port_that_somebody_has_is_an_error(daemon: Daemon, authority: Authority, tmp_path: Path) -> None:
    """A daemon that cannot listen does not start, says why, and leaves nothing in its runtime directory."""
    daemon.settings.write_text(authority.settings())
    daemon.start()
    (tmp_path / "second").mkdir()
    second = Daemon(tmp_path / "second")
    taken = f'"127.0.0.1:{port(daemon)}"'
    second.settings.write_text(daemon.settings.read_text().replace('"127.0.0.1:0"', taken))
    assert second.start().wait(DEADLINE_S) == 1
    errors = (second.folder / "stderr").read_text()
    assert f"cannot listen on {taken[1:-1]}: address already in use" in errors
    assert "add_port.cc" not in errors, "gRPC's own line for it"
    assert list(second.runtime.iterdir()) == []


def test_the_next_daemon_has_the_port_of_one_that_was_killed(daemon: Daemon, authority: Authority) -> None:
    """Neither flows that live on nor connections that were open keep it."""
    settings = authority.settings()
    daemon.settings.write_text(settings.replace("127.0.0.1:0", f"127.0.0.1:{unused_port()}"))
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.001))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    before = port(daemon)
    with calls(daemon, authority.credentials("anna")) as status:
        assert status.GetDaemon(GetDaemonRequest(), timeout=DEADLINE_S).daemon.role == authority_pb2.ROLE_ADMIN
        daemon.kill()
        daemon.start()
        wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows, adopted")
    assert role(daemon, authority.credentials("anna")) == authority_pb2.ROLE_ADMIN
    assert port(daemon) == before
    daemon.wait_for("flow_adopted", "a")


def test_what_tls_init_prints_is_enough(daemon: Daemon, tmp_path: Path) -> None:
    """Its settings make a daemon listen, and with its files pipertctl comes in as each role, and as no more."""
    folder = tmp_path / "tls"
    made = daemon.ctl("-o", "json", "tls", "init", "--dir", str(folder))
    daemon.settings.write_text(json.loads(made.stdout)["settings"].replace("0.0.0.0:7443", "127.0.0.1:0"))
    daemon.start()
    where = ("--address", f"localhost:{port(daemon)}", "--ca", str(folder / "ca.pem"))

    def exit_code(role: str, *command: str) -> int:
        files = ("--cert", str(folder / f"{role}.pem"), "--key", str(folder / f"{role}.key"))
        return daemon.ctl(*where, *files, *command).returncode

    found = {
        role: [exit_code(role, *command) for command in (("status",), ("reload",), ("link", "p", "a/x", "b/y"))]
        for role in ("observer", "operator", "admin")
    }
    assert found == {"observer": [0, 7, 7], "operator": [0, 0, 7], "admin": [0, 0, 4]}

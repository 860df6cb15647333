"""Where a daemon is, and how its peers are asked whether they live."""

from __future__ import annotations

import grp
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipertd.client import AsyncClient, Client
from pipertd.client.address import DEFAULT_ADDRESS, KEEPALIVE_S, Address
from pipertd.control.limits import SOONEST_PING_S
from pipertd.ctl import settings


@pytest.mark.parametrize(
    ("given", "shown", "target"),
    [
        ("/run/p/control.sock", "unix:///run/p/control.sock", "unix:/run/p/control.sock"),
        ("unix:///run/p/control.sock", "unix:///run/p/control.sock", "unix:/run/p/control.sock"),
        ("unix:////run/p/control.sock", "unix:///run/p/control.sock", "unix:/run/p/control.sock"),
        ("/run/50%41/a b?#.sock", "unix:///run/50%41/a b?#.sock", "unix:/run/50%2541/a%20b%3F%23.sock"),
        ("camera-7:7431", "camera-7:7431", "camera-7:7431"),
    ],
)
def test_an_address_is_a_path_or_a_host_with_a_port(given: str, shown: str, target: str) -> None:
    """A socket is shown as a URL, however it was given, and written for gRPC in its way."""
    address = Address(given)
    assert (str(address), address.grpc_target) == (shown, target)


def test_client_and_command_line_look_in_the_same_place() -> None:
    """Who names no address reaches the same daemon by both."""
    assert settings.DEFAULT_ADDRESS == DEFAULT_ADDRESS


def test_a_client_takes_its_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """PIPERTD_ADDRESS, as pipertctl does: where none is given, and where the variable is not empty."""
    monkeypatch.delenv("PIPERTD_ADDRESS", raising=False)
    with Client() as client:
        assert client.address == DEFAULT_ADDRESS
    monkeypatch.setenv("PIPERTD_ADDRESS", "")
    with Client() as client:
        assert client.address == DEFAULT_ADDRESS
    monkeypatch.setenv("PIPERTD_ADDRESS", "/run/mine/control.sock")
    with Client() as client, Client("camera-7:7431") as other:
        assert client.address == "unix:///run/mine/control.sock"
        assert other.address == "camera-7:7431"
    monkeypatch.setenv("PIPERTD_ADDRESS", "camera-7")
    with pytest.raises(ValueError, match="cannot read address 'camera-7' of PIPERTD_ADDRESS: "):
        Client()


@pytest.mark.parametrize("text", ["", "camera-7", ":7431", "camera-7:http", "camera-7:65536", "unix://"])
def test_what_is_no_address_is_refused_at_once(text: str) -> None:
    """A client of what is no address says how one is written, instead of looking for it."""
    with pytest.raises(ValueError, match="it is written /PATH, unix:///PATH or HOST:PORT"):
        Client(text)


@pytest.mark.parametrize("text", ["run/control.sock", "./control.sock", "control.sock", "../run/other"])
def test_a_path_from_here_is_refused_with_the_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What was meant is said as it can be written; where a program runs must not tell whom it calls."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="it is written /PATH") as refused:
        Client(text)
    assert str(refused.value).endswith(f"; for the socket {text} write unix://{(tmp_path / text).resolve()}")


def test_an_awaited_client_is_made_on_its_loop() -> None:
    """Made where no event loop runs, it says so; gRPC would bind it to a loop that never runs."""
    with pytest.raises(RuntimeError, match="make it in a coroutine"):
        AsyncClient("/run/p/control.sock")


def test_the_daemon_lets_clients_ping_as_often_as_ours_does() -> None:
    """A call that lasts is not ended as one of too many pings: the daemon bears more than a client does."""
    assert SOONEST_PING_S < KEEPALIVE_S


def test_what_stands_in_the_way_to_a_socket_is_said(tmp_path: Path) -> None:
    """A path where there is nothing, and one where nobody listens any more, are told apart."""
    (tmp_path / "file").touch()
    assert Address(f"{tmp_path}/none").obstacle("") == ("there is no such socket", False)
    assert Address(f"{tmp_path}/file").obstacle("") == ("nobody listens there any more", False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(("mode", "way_out"), [(0o660, ""), (0o666, "; you may look by {observe}")])
def test_who_may_not_use_a_socket_is_told_who_may(mode: int, way_out: str) -> None:
    """The group by its name, and the socket for observers where that one is open to them."""
    look = "import sys; from pipertd.client.address import Address; print(Address(sys.argv[1]).obstacle('').words)"
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX) as one,
        socket.socket(socket.AF_UNIX) as two,
    ):
        Path(folder).chmod(0o755)
        control, observe = Path(folder) / "control.sock", Path(folder) / "observe.sock"
        for each, path, bits in ((one, control, 0o660), (two, observe, mode)):
            each.bind(str(path))
            path.chmod(bits)
        stranger = (
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            "--bounding-set=-all",
            "--inh-caps=-all",
        )
        said = subprocess.run(
            [*stranger, sys.executable, "-c", look, control], capture_output=True, text=True, check=True
        )
        group = grp.getgrgid(control.stat().st_gid).gr_name
    assert said.stdout == f"you may not use this socket; the group {group} may{way_out.format(observe=observe)}\n"


def test_a_socket_whose_daemon_is_stopped_is_told_from_one_that_hangs_up(tmp_path: Path) -> None:
    """In words, where gRPC says what it waited for."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        silent = "connection attempt timed out before receiving SETTINGS frame"
        assert Address(str(path)).obstacle(silent).words.startswith("it takes connections and says nothing")
        assert Address(str(path)).obstacle("Stream removed (Socket closed)") == ("it hung up", True)

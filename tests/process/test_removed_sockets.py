"""Somebody takes the daemon's sockets away while it runs."""

from __future__ import annotations

import shutil
import socket
import stat
from pathlib import Path

import pytest

from pipertd.client import Client
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

SOCKETS = ("control.sock", "observe.sock")


def told(daemon: Daemon, path: Path) -> list[str]:
    return [each["message"] for each in daemon.notices("socket_lost") if each["details"]["path"] == str(path)]


@pytest.mark.parametrize("name", SOCKETS)
def test_removed_socket_is_made_anew(served: Daemon, name: str) -> None:
    """Again and again; who is in a call already goes on in it, and a stop ends that and leaves nothing."""
    path = served.runtime / name
    with Client(str(path)) as client:
        notices = client.status.watch(after_revision=0, resume=False)
        assert next(notices).kind == "daemon_started"
        for count in (1, 2):
            path.unlink()
            wait_until(lambda count=count: len(told(served, path)) == count, DEADLINE_S, f"notice {count}")  # type: ignore[misc]
            assert told(served, path)[-1] == f"somebody removed {path}, which is made anew"
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            with Client(str(path)) as other:
                assert [each.name for each in other.pipelines.list()] == ["p"]
            assert next(each for each in notices if each.kind == "socket_lost").details["path"] == str(path)
            assert [each.name for each in client.pipelines.list()] == ["p"]
        assert served.stop() == 0
    assert list(served.runtime.iterdir()) == []


def test_removed_folder_is_made_anew(served: Daemon) -> None:
    """With both sockets; the pipeline notices nothing."""
    with served.held():
        shutil.rmtree(served.runtime)
    for name in SOCKETS:
        wait_until(lambda name=name: told(served, served.runtime / name), DEADLINE_S, name)  # type: ignore[misc]
        with Client(str(served.runtime / name)) as client:
            assert [each.name for each in client.pipelines.list()] == ["p"]
    assert not served.notices("flow_exited", "a")


def test_what_somebody_put_in_its_place_stays(served: Daemon) -> None:
    """A socket of another's is neither taken nor removed, which is said once; when it goes ours is there again."""
    path, strange = served.runtime / "control.sock", served.folder / "strange"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(strange))
        strange.replace(path)
        wait_until(lambda: told(served, path), DEADLINE_S, "a notice")
        (message,) = told(served, path)
        assert message == f"nobody hears what is said at {path}: it is not this daemon's any more; remove it"
        path.unlink()
        wait_until(lambda: path.exists() and served.status("p").get("state") == "RUNNING", DEADLINE_S, "an answer")
    strange.write_text("mine")
    strange.replace(path)
    assert served.stop() == 0
    assert path.read_text() == "mine"


def test_folder_that_becomes_a_file(served: Daemon) -> None:
    """It is said of each socket; when the file goes they are there again."""
    with served.held():
        away = served.runtime.rename(served.folder / "away")
        served.runtime.write_text("mine")
    for name in SOCKETS:
        wait_until(lambda name=name: told(served, served.runtime / name), DEADLINE_S, name)  # type: ignore[misc]
        (message,) = told(served, served.runtime / name)
        assert f"{name}, which cannot be made anew: " in message
        assert str(served.runtime) in message
    served.runtime.unlink()
    wait_until(lambda: served.status("p").get("state") == "RUNNING", DEADLINE_S, "an answer")
    assert served.stop() == 0
    shutil.rmtree(away)


def test_what_lies_where_a_socket_is_made_stays(served: Daemon) -> None:
    """It is said, once, and nothing besides; when it goes the socket is there again."""
    path, place = served.runtime / "control.sock", served.runtime / "control.new"
    place.mkdir()
    path.unlink()
    wait_until(lambda: told(served, path), DEADLINE_S, "a notice")
    (message,) = told(served, path)
    assert message.endswith(f"cannot bind {place}: something that is no socket lies there; move it away")
    place.rmdir()
    wait_until(lambda: served.status("p").get("state") == "RUNNING", DEADLINE_S, "an answer")
    assert "Failed to add port" not in (served.folder / "stderr").read_text()


def test_stop_where_nothing_can_be_taken_away(served: Daemon) -> None:
    """All flows end, and so does the daemon, in order; what stays is told."""
    wait_until((served.runtime / "p.run").exists, DEADLINE_S, "a record")
    with served.held():
        served.runtime.rename(served.folder / "away")
        served.runtime.write_text("mine")
    assert served.stop() == 0
    assert served.notices("pipeline_ended")
    errors = (served.folder / "stderr").read_text()
    assert f"cannot take {served.runtime / 'p.run'} away: " in errors
    assert "Traceback" not in errors
    assert served.runtime.read_text() == "mine"

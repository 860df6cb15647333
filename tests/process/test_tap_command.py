"""``pipertctl tap`` against a real daemon."""

from __future__ import annotations

import io
import json
import signal
import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from tests.process.definitions import HERE
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def cameras(daemon: Daemon) -> Daemon:
    """A daemon with ``p``: a/zeros → b/look, whose messages are pictures, and a/count → b/write and c/other."""
    folder = daemon.folder
    flows = {
        "a": {
            "zeros": {"class": "routines:Zeros", "fps": 50, "params": {"amount": 1_000_000_000}},
            "count": {"class": "routines:Count", "fps": 50},
        },
        "b": {
            "look": {"class": "routines:Look", "params": {"file": f"{folder}/sums"}},
            "write": {"class": "routines:Write", "params": {"file": f"{folder}/numbers"}},
        },
        "c": {"other": {"class": "routines:Write", "params": {"file": f"{folder}/others"}}},
    }
    document = {
        "pipeline": "p",
        "path": [str(HERE)],
        "shm_limit": "16M",
        "flows": {name: {"routines": routines} for name, routines in flows.items()},
        "links": [{"from": "zeros", "to": ["look"]}, {"from": "count", "to": ["write", "other"]}],
    }
    (daemon.definitions / "p.yaml").write_text(json.dumps(document))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


GUESSES = [("p/a/zeros", "b/look"), ("p", "zeros", "look"), ("p/zeros",), ("p/b/look",)]


def test_a_link_is_named_as_people_guess(cameras: Daemon) -> None:
    """As status has it, as `pipertctl link` takes it, or by a routine that has one link; an array is summed up."""
    for link in GUESSES:
        done = cameras.ctl("tap", *link, "-n", "1")
        assert (link, done.returncode, done.stderr) == (link, 0, "")
        heading, array = done.stdout.splitlines()
        assert heading.startswith("message ")
        assert array == "  array  int32 100 x 200, 0 to 0, mean 0"


def test_messages_are_saved_as_pictures_or_as_they_are(cameras: Daemon) -> None:
    """With --save a picture is a PNG, a message without one MessagePack; each file is named after its message."""
    folder = cameras.folder / "saved"
    done = cameras.ctl("-o", "json", "tap", "p/zeros", "-n", "2", "--save", str(folder), "--width", "50")
    assert done.returncode == 0
    for document in map(json.loads, done.stdout.splitlines()):
        file = Path(document["file"])
        assert file == folder / f"a.zeros-b.look-{document['sequence']:09}.png"
        with Image.open(file) as image:
            assert image.size == (50, 25)
        assert document["picture"] == {"width": 50, "height": 25, "path": ".array"}
        assert document["message"] is None
    done = cameras.ctl("tap", "p/count", "other", "-n", "1", "--save", str(folder))
    saved = Path(done.stdout.splitlines()[-1].removeprefix("  saved as "))
    assert saved.suffix == ".msgpack"
    assert msgspec.msgpack.decode(saved.read_bytes()).keys() == {"number"}
    done = cameras.ctl("tap", "p/zeros", "-n", "1", "--save", str(folder), "--format", "messagepack")
    array = msgspec.msgpack.decode(next(folder.glob("a.zeros-*.msgpack")).read_bytes())["array"]
    assert (array["dtype"], array["shape"]) == ("<i4", [100, 200])
    assert not np.frombuffer(array["data"], array["dtype"]).any()


def test_programs_get_a_line_a_message(cameras: Daemon) -> None:
    """JSON says what a message holds, and what was skipped before it; --every spreads them."""
    done = cameras.ctl("-o", "json", "tap", "p/count", "write", "-n", "3", "--every", "0.2")
    one, two, three = map(json.loads, done.stdout.splitlines())
    assert one["message"] == {"number": one["sequence"]}
    assert two["sequence"] == one["sequence"] + two["skipped"] + 1
    assert three["sequence"] == two["sequence"] + three["skipped"] + 1
    assert one["omitted"] is None


def test_ctrl_c_ends_it(cameras: Daemon) -> None:
    """It goes on until it is interrupted, and leaves nothing at the daemon."""
    with subprocess.Popen(cameras.ctl_command("tap", "p/zeros"), stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert isinstance(command.stdout, io.BufferedReader)
        assert command.stdout.readline().startswith(b"message ")
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=DEADLINE_S)
    assert command.returncode == 130
    log = cameras.folder / "stderr"
    wait_until(lambda: "tap a/zeros -> b/look of p is closed" in log.read_text(), DEADLINE_S, "its end")


def test_a_link_on_which_nothing_passes(cameras: Daemon) -> None:
    """After a while it is said, with the command that shows why; it goes on with what passes then."""
    assert cameras.ctl("pause", "p/a").returncode == 0
    look = cameras.ctl_command("tap", "p/zeros", "-n", "1")
    with subprocess.Popen(look, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        said = command.stderr.readline()
        cameras.ctl("resume", "p/a")
        out, more = command.communicate(timeout=DEADLINE_S)
    assert "nothing has passed from a/zeros to b/look" in said and "`pipertctl status p` shows why" in said
    assert (command.returncode, more) == (0, "") and out.startswith("message ")


REFUSED = [
    (("p/count",), 2, "say `pipertctl tap p/a/count b/write` or `pipertctl tap p/a/count c/other`"),
    (("p/nobody",), 4, "cannot find a link from one flow to another at p/nobody"),
    (("q/zeros",), 4, "cannot find q"),
    (("p/zeros", "other"), 4, "cannot find link a/zeros -> c/other of p"),
    (("zeros", "look"), 2, "it is written PIPELINE/FROM TO"),
    (("p", "a", "b", "c"), 2, "it is written PIPELINE/FROM TO"),
]


def test_a_link_that_is_none_is_refused(cameras: Daemon) -> None:
    """One clear line each, and where there are several, the commands to type."""
    for link, code, text in REFUSED:
        done = cameras.ctl("tap", *link)
        assert (link, done.returncode, done.stdout) == (link, code, "")
        assert text in done.stderr

"""`pipertctl quarantine` against a real daemon: what was put aside is listed, shown, replayed and dropped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

import numpy as np
import pytest

from pipertd.client import Client
from pipertd.quarantine import Quarantine
from tests.process.definitions import counts, write_definition, writes
from tests.process.put_aside import frame, put_aside
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def served(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A daemon that answers; commands stand in a folder of their own, and have one for their temporary files."""
    for name, variable in (("here", ""), ("scratch", "TMPDIR")):
        folder = daemon.folder / name
        folder.mkdir()
        if variable:
            monkeypatch.setenv(variable, str(folder))
        else:
            monkeypatch.chdir(folder)
    daemon.start()
    wait_until(lambda: daemon.ctl("status").returncode == 0, DEADLINE_S, "the daemon")
    return daemon


def aside(served: Daemon, message: Any, name: str = "m", **more: Any) -> None:
    put_aside(served.state / "quarantine", message, name, **more)


def kept(served: Daemon) -> list[str]:
    return [each.id for each in Quarantine(served.state / "quarantine", 1 << 30).all()]


def test_list_names_everything_oldest_first(served: Daemon) -> None:
    """The table has a line for each message, the documents say the same, and a target narrows both."""
    assert served.ctl("quarantine", "list").stdout == "no messages are in quarantine\n"
    aside(served, frame(), "second", time_s=20.0)
    aside(served, {"number": 1}, "first", time_s=10.0, pipeline="other", reason="it missed\nits deadline")
    head, first, second = served.ctl("quarantine", "list").stdout.splitlines()
    assert head.split() == ["ID", "ROUTINE", "LINK", "SEQUENCE", "DEATHS", "SIZE", "WHEN", "WHY"]
    assert first.startswith("first   other/analyse/motion   capture/decode -> analyse/motion  137       3       9 ")
    assert first.endswith("it missed its deadline")
    assert second.startswith("second  street/analyse/motion  ")
    documents = json.loads(served.ctl("quarantine", "list", "-o", "json").stdout)
    assert [(each["id"], each["deaths"], each["class"]) for each in documents] == [
        ("first", 3, "fatal:Abort"),
        ("second", 3, "fatal:Abort"),
    ]
    (narrowed,) = json.loads(served.ctl("-o", "json", "quarantine", "list", "street/analyse").stdout)
    assert narrowed["id"] == "second"


def test_a_target_is_unknown_where_nothing_of_it_was_put_aside(daemon: Daemon) -> None:
    """A pipeline without such messages has an empty list; what was never there is exit 4."""
    write_definition(daemon.definitions / "p.yaml", counts(1), writes(daemon.folder / "numbers"))
    daemon.start()
    daemon.wait_for("pipeline_ended")
    assert json.loads(daemon.ctl("-o", "json", "quarantine", "list", "p/b").stdout) == []
    assert daemon.ctl("quarantine", "list", "nowhere").returncode == 4


def test_show_prints_what_is_known_and_saves_arrays(served: Daemon) -> None:
    """Facts, stacks and the decoded message are printed; its arrays are files that hold the same values."""
    message = {
        **frame(),
        "scores": np.array([0.5, 0.25], np.float32),
        "name": "gate",
        "boxes": [{"mask": np.eye(3) > 0}],
    }
    aside(served, message, params={"at": 137})
    done = served.ctl("quarantine", "show", "m")
    assert done.returncode == 0, done.stderr
    folder = served.folder / "here" / "m"
    for text in ("street/analyse/motion", "killed by SIGABRT", "Fatal Python error", "fatal:Abort", '{"at": 137}'):
        assert text in done.stdout
    shown = json.loads(done.stdout.partition("\nmessage:\n")[2])
    assert shown == {
        "number": 137,
        "image": f"array uint8 (12, 16, 3) -> {folder}/image.npy, {folder}/image.png",
        "scores": f"array float32 (2,) -> {folder}/scores.npy",
        "name": "gate",
        "boxes": [{"mask": f"array bool (3, 3) -> {folder}/boxes.0.mask.npy"}],
    }
    assert np.array_equal(np.load(folder / "image.npy"), message["image"])
    assert np.array_equal(np.load(folder / "boxes.0.mask.npy"), np.eye(3) > 0)
    assert (folder / "image.png").read_bytes().startswith(b"\x89PNG")


def test_show_as_a_document_names_the_files(served: Daemon) -> None:
    """Programs get the same, with files in the folder that they chose."""
    aside(served, frame())
    found = json.loads(served.ctl("quarantine", "show", "m", "--to", "elsewhere", "-o", "json").stdout)
    folder = served.folder / "here/elsewhere"
    assert found["stacks"].startswith("Fatal Python error")
    assert found["message"]["image"] == {
        "array": "uint8",
        "shape": [12, 16, 3],
        "file": f"{folder}/image.npy",
        "picture": f"{folder}/image.png",
    }


def test_a_large_payload_comes_in_pieces(served: Daemon) -> None:
    """A message of 90 MB, more than one answer may hold, arrives as it was."""
    large = frame(height=5000, width=6000)
    aside(served, large)
    with Client(f"unix://{served.runtime}/control.sock") as client:
        assert sum(1 for _ in client.quarantine.read_payload("m")) > 80
    assert served.ctl("quarantine", "show", "m").returncode == 0
    assert np.array_equal(np.load("m/image.npy"), large["image"])


def test_what_could_not_be_kept_is_said(served: Daemon) -> None:
    """Without a payload all else is shown, and neither show nor replay is a success."""
    aside(served, frame(), length=0)
    file = served.state / "quarantine/m/payload"
    file.write_bytes(b"")
    shown, replayed = served.ctl("quarantine", "show", "m"), served.ctl("quarantine", "replay", "m")
    assert "Fatal Python error" in shown.stdout
    for done in (shown, replayed):
        assert done.returncode == 1
        assert "it could not be kept" in done.stderr or "content could not be kept" in done.stderr


def test_drop_says_what_it_dropped(served: Daemon) -> None:
    """Those that were named go, or all of a target; the others stay."""
    for name, pipeline in (("a", "street"), ("b", "street"), ("c", "other"), ("d", "other")):
        aside(served, {"number": 1}, name, pipeline=pipeline)
    said = served.ctl("quarantine", "drop", "a").stdout
    assert said == "dropped a: message 137 of street on capture/decode -> analyse/motion\n"
    (dropped,) = json.loads(served.ctl("quarantine", "drop", "--all", "street", "-o", "json").stdout)
    assert (dropped["id"], kept(served)) == ("b", ["c", "d"])
    assert len(served.ctl("quarantine", "drop", "--all").stdout.splitlines()) == 2
    assert kept(served) == []


def test_drop_is_careful(served: Daemon) -> None:
    """With an id that is unknown nothing is dropped; nor is it without an id, or with --all and several targets."""
    aside(served, {"number": 1}, "a")
    assert served.ctl("quarantine", "drop", "a", "b").returncode == 4
    assert served.ctl("quarantine", "drop").returncode == 2
    assert served.ctl("quarantine", "drop", "--all", "street", "other").returncode == 2
    assert kept(served) == ["a"]


@pytest.mark.parametrize("command", ["show", "replay", "drop"])
def test_an_unknown_id_is_exit_4(served: Daemon, command: str) -> None:
    """One line says that it is not there, and which command shows what is."""
    done = served.ctl("quarantine", command, "../etc")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "pipertctl: cannot find message ../etc: it is not in quarantine (`pipertctl quarantine list` shows all)\n"
    )


def replay(served: Daemon, message: Any, *options: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Put it aside and replay it; no replay leaves a file behind."""
    aside(served, message, **more)
    done = served.ctl("quarantine", "replay", "m", *options)
    assert list((served.folder / "scratch").iterdir()) == []
    return done


def test_replay_reproduces_an_abort(served: Daemon) -> None:
    """The message that killed its routine kills it again, with its stack, and that is exit 1."""
    done = replay(served, frame(137))
    assert done.returncode == 1
    assert "Fatal Python error: Aborted" in done.stderr
    assert "fatal.py" in done.stderr
    assert done.stderr.splitlines()[-1] == "main_logic was killed by SIGABRT: the abort is reproduced"


def test_replay_gives_the_routine_what_a_flow_gives_it(served: Daemon) -> None:
    """Params, name, logger, envelope and the typed message are there, and what main_logic returned is printed."""
    done = replay(served, frame(137), params={"at": 138})
    assert (done.returncode, done.stdout) == (
        0,
        "main_logic returned {'attempt': 3, 'bytes': 576, 'sequence': 137}\n",
    )
    for text in ("pipertd.routine.motion: set up as motion", "cleaned up", "main_logic ran through"):
        assert text in done.stderr


@pytest.mark.parametrize(("class_path", "code"), [("fatal:Draw", 0), ("fatal:DrawOnOthers", 1)])
def test_replay_lends_arrays_as_a_flow_does(served: Daemon, class_path: str, code: int) -> None:
    """Arrays are read-only, or private where the class says so."""
    done = replay(served, frame(), class_path=class_path)
    assert done.returncode == code, done.stderr
    if code:
        assert "ValueError: assignment destination is read-only" in done.stderr
        assert "pipertd/flow" not in done.stderr
        assert done.stderr.splitlines()[-1] == "main_logic failed, which is a death only under on_error: fail"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"class_path": "fatal:Nobody"}, "loading its class failed"),
        ({"class_path": "fatal:Exit"}, "main_logic ended the process with status 0"),
        ({"python": "/nowhere/python"}, "No such file or directory: '/nowhere/python'"),
    ],
)
def test_replay_that_comes_to_no_answer_says_why(served: Daemon, more: dict[str, Any], said: str) -> None:
    """What cannot be replayed, or ended without a word, is no success and says how far it came."""
    done = replay(served, frame(), **more)
    assert done.returncode == 1
    assert said in done.stderr.splitlines()[-1]


def test_a_message_that_its_routine_cannot_take_is_said(served: Daemon) -> None:
    """The reason is in words, without a traceback of ours."""
    done = replay(served, {"number": "three"})
    assert done.returncode == 1
    assert "cannot take a message as Frame" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_replay_leaves_nothing(served: Daemon, number: signal.Signals, code: int) -> None:
    """After Ctrl-C or the end of the terminal there is neither process nor file; the stack says where it stood."""
    aside(served, {"number": 1}, class_path="fatal:Stuck")
    command = served.ctl_command("quarantine", "replay", "m")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "stuck\n"
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        assert process.wait(DEADLINE_S) == code
        assert ("main_logic" in process.stderr.read().partition("Traceback")[2]) == (number == signal.SIGINT)
    assert list((served.folder / "scratch").iterdir()) == []


def test_debug_stops_in_main_logic(served: Daemon) -> None:
    """Under pdb the first stop is main_logic's first line, with the message at hand; then it goes on."""
    aside(served, frame(5))
    done = subprocess.run(
        served.ctl_command("quarantine", "replay", "m", "--debug"),
        input="p data.number\ncontinue\n",
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "if data.number == self.at:" in done.stdout
    assert "(Pdb) 5\n" in done.stdout
    assert "main_logic returned" in done.stdout


def test_debugger_that_is_left_is_no_success(served: Daemon) -> None:
    """Who quits the debugger has seen no end."""
    aside(served, frame(5))
    done = subprocess.run(
        served.ctl_command("quarantine", "replay", "m", "--debug"),
        input="quit\n",
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 1
    assert "the debugger was left" in done.stderr
    assert "Traceback" not in done.stderr

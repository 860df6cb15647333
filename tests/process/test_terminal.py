"""What pipertctl shows on a terminal: it fits, it follows, and it leaves the terminal as it was."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator

import pytest

from pipertd.ctl.usage import COLUMNS
from pipertd.supervisor.procfs import state
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.process.terminals import Terminal, coloured, plain
from tests.waiting import wait_until

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


@pytest.fixture
def street(daemon: Daemon) -> Daemon:
    """A daemon with the pipeline ``p``: a/count → b/sink."""
    definition = daemon.definitions / "p.yaml"
    write_definition(
        definition, counts(), writes(daemon.folder / "numbers", pause_s=0.001), description="\x1b[2J" + "long " * 30
    )
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


@pytest.mark.parametrize("columns", [80, 40])
def test_status_fits(street: Daemon, columns: int) -> None:
    """No line is wider than the terminal, the state is coloured, and nobody's words steer the terminal."""
    with Terminal(street.ctl_command("status"), columns) as terminal:
        assert terminal.wait() == 0, terminal.output
        assert max(map(len, plain(terminal.output))) <= columns
        assert "\x1b[32mRUNNING\x1b[0m" in terminal.output
        assert "\x1b[2J" not in terminal.output
    with Terminal(street.ctl_command("status", "--wide"), columns, NO_COLOR="1") as terminal:
        assert terminal.wait() == 0, terminal.output
        assert {"KIND", "BYTES"} <= set(" ".join(plain(terminal.output)).split())
        assert not coloured(terminal.output)
    assert not coloured(street.ctl("status").stdout)


def test_top_draws_and_leaves_no_trace(street: Daemon) -> None:
    """It follows the size of the window, and Ctrl-C gives back the screen and the keys, with exit 130."""
    with Terminal(street.ctl_command("top", "--every", "0.1", "p")) as terminal:
        terminal.until(lambda screen: any("p/a" in line and "%" in line for line in screen), "the share of a processor")
        assert terminal.settings() != terminal.before, "keys are not echoed"
        terminal.resize(40, 8)
        # One that is drawn just then may know of the new size by half.
        terminal.until(lambda screen: 0 < len(screen) <= 8 and max(map(len, screen)) <= 40, "a smaller screen")
        terminal.type(b"\x03")
        assert terminal.wait() == 130
        assert terminal.settings() == terminal.before
        assert terminal.output.startswith(ENTER)
        assert terminal.output.endswith(LEAVE)


def test_top_is_suspended_and_goes_on(street: Daemon) -> None:
    """Ctrl-Z gives the screen and the keys to whoever sent it there; told to go on it takes them again."""
    with Terminal(street.ctl_command("top", "--every", "0.1")) as terminal:
        terminal.until(bool, "the first look")
        terminal.type(b"\x1a")
        wait_until(lambda: state(terminal.pid) == "T", DEADLINE_S, "top to be stopped")
        terminal.screen()
        assert terminal.output.endswith(LEAVE)
        assert terminal.settings() == terminal.before
        terminal.output = ""
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.until(bool, "a look")
        assert terminal.output.startswith(ENTER)
        terminal.type(b"q")
        assert terminal.wait() == 0
        assert terminal.settings() == terminal.before


def test_a_name_that_goes_ends_a_watch(street: Daemon) -> None:
    """What is not there any more is said where it can be read: on the terminal as it was."""
    with Terminal(street.ctl_command("status", "--watch", "p/b/sink")) as terminal:
        terminal.until(bool, "the first look")
        (street.definitions / "p.yaml").unlink()
        street.ctl("reload")
        assert terminal.wait() == 4
        assert plain(terminal.output.partition(LEAVE)[2])[-1].startswith("pipertctl: cannot ")


def test_status_follows_what_happens(street: Daemon) -> None:
    """A new screen comes with each change; while the daemon is away the last one stays, and says so."""
    with Terminal(street.ctl_command("status", "--watch", "p")) as terminal:
        terminal.until(lambda screen: screen and screen[0].startswith("p: RUNNING"), "the first screen")
        street.ctl("pause", "p/b")
        terminal.until(lambda screen: any("RUNNING, paused" in line for line in screen), "the pause")
        street.kill()
        away = terminal.until(lambda screen: "nobody listens there any more" in in_a_line(screen), "word of its death")
        assert away[0].startswith("waiting for the daemon:")
        assert any("RUNNING, paused" in line for line in away)
        street.start()
        terminal.until(lambda screen: screen[0].startswith("p: RUNNING"), "the daemon to be back")
        street.ctl("resume", "p/b")
        terminal.until(lambda screen: not any("paused" in line for line in screen), "the end of the pause")
        terminal.type(b"q")
        assert terminal.wait() == 0, terminal.output
        assert terminal.settings() == terminal.before


def in_a_line(screen: list[str]) -> str:
    """A text that was wrapped, as it was before."""
    return " ".join(" ".join(screen).split())


def test_a_screen_of_status_follows_counts_of_which_no_notice_tells(street: Daemon) -> None:
    """Also behind a restart of the daemon that adopts the flows: it begins to measure rates anew."""
    with Terminal(street.ctl_command("status", "--watch", "p")) as terminal:
        terminal.until(lambda screen: screen and screen[0].startswith("p: RUNNING"), "the first screen")
        street.kill()
        terminal.until(lambda screen: screen[0].startswith("waiting for the daemon:"), "the daemon to be missed")
        street.start()
        terminal.until(lambda screen: screen[0].startswith("p: RUNNING") and _moves(screen), "a rate")


def _moves(screen: list[str]) -> bool:
    """Whether a routine has a rate."""
    return any("/s" in line and " 0.0/s" not in line for line in screen if line.startswith("b/sink"))


@pytest.mark.parametrize("columns", [40, 10])
def test_top_says_what_it_leaves_out(street: Daemon, columns: int) -> None:
    """However narrow the terminal is, no line is cut of which columns it has no room for."""
    with Terminal(street.ctl_command("top", "--every", "0.1"), columns) as terminal:
        screen = terminal.until(lambda screen: len(screen) > 1, "the first look")
        assert "STATE" in screen[0] or "STA…" in screen[0]
        _, _, left_out = " ".join(line.strip() for line in screen).partition("(--wide)")
        may_go = {column.title for column in COLUMNS if column.rank}  # how many do depends on how wide the figures are
        assert set(left_out.lstrip(" :").split(", ")) == may_go - set(screen[0].split())
        assert max(map(len, screen)) <= columns


@pytest.mark.parametrize("command", [("top", "--count", "2", "--every", "0.1"), ("top",), ("status", "--watch")])
def test_a_dumb_terminal_gets_texts(street: Daemon, command: tuple[str, ...]) -> None:
    """One look behind the other, and nothing that it would show instead of obeying it."""
    with Terminal(street.ctl_command(*command), TERM="dumb") as terminal:
        if "--count" in command:
            assert terminal.wait() == 0
            assert terminal.output.count("STATE") == 2
            assert [bool(line) for line in plain(terminal.output)] == [True] * 3 + [False] + [True] * 3
        else:
            wait_until(lambda: terminal.screen() or "RUNNING" in terminal.output, DEADLINE_S, "the first look")
            terminal.type(b"\x03")
            assert terminal.wait() == 130
        assert "\x1b" not in terminal.output
        assert terminal.settings() == terminal.before


@pytest.fixture
def watcher(street: Daemon) -> Iterator[subprocess.Popen[str]]:
    """``status --watch`` into a pipe."""
    command = street.ctl_command("status", "--watch", "-o", "json", "p")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_a_pipe_gets_a_document_for_each_change(street: Daemon, watcher: subprocess.Popen[str]) -> None:
    """Each is on a line of its own and newer than the one before, also behind a restart of the daemon."""
    assert watcher.stdout is not None and watcher.stderr is not None
    first = json.loads(watcher.stdout.readline())
    street.ctl("pause", "p/b")
    second = first
    while not second["pipelines"][0]["flows"][1]["paused"]:
        before, second = second, json.loads(watcher.stdout.readline())
        assert second["revision"] > before["revision"]
    street.kill()
    assert watcher.stderr.readline().endswith("; waiting for it\n")
    street.start()
    while (third := json.loads(watcher.stdout.readline()))["pipelines"][0]["state"] != "RUNNING":
        assert third["revision"] > second["revision"]


def test_watch_goes_on_behind_a_restart(street: Daemon) -> None:
    """No notice is missed or shown twice, and somebody who waits is told once what for."""
    command = street.ctl_command("watch", "--from", "1", "-o", "json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        notices = [json.loads(process.stdout.readline())]
        street.kill()
        assert process.stderr.readline().endswith("; waiting for it\n")
        street.start()
        while [notice["kind"] for notice in notices].count("daemon_started") < 2:
            notices.append(json.loads(process.stdout.readline()))
        process.kill()
        assert [notice["revision"] for notice in notices] == list(range(1, len(notices) + 1))
        assert process.stderr.read() == ""


def test_followed_logs_go_on_behind_a_restart(street: Daemon) -> None:
    """What is logged once the daemon is back comes behind what was logged before, each record once."""
    command = street.ctl_command("logs", "-f", "-n", "0", "p/b/sink", "-o", "json")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        noted = ["first"]
        while not select.select([process.stdout], [], [], 0)[0]:  # it may not follow yet
            street.ctl("event", "NOTE", "p", "text=first")
        street.kill()
        assert process.stderr.readline().endswith("; waiting for it\n")
        street.start()
        wait_until(
            lambda: street.ctl("event", "NOTE", "p", "text=second").returncode == 0, DEADLINE_S, "the flow's answer"
        )
        while noted[-1] != "second":
            noted.append(json.loads(process.stdout.readline())["message"].removeprefix("noted "))
        process.kill()
        assert set(noted[:-1]) == {"first"}

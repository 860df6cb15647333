"""Completion in real shells: commands, options, and the names that a daemon knows now."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

BASH = """
source <(pipertctl completion bash)
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_pipertctl_completion pipertctl 2>&1
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = """
pipertctl completion fish | source
complete --do-complete {line}
"""
ZSH = """
autoload -U compinit; compinit -u -d {folder}/zcompdump
source <(pipertctl completion zsh)
_describe() {{ print -rl -- ${{${{(P)3}}%%:*}} }}  # there is no line editor here that could be asked
compadd() {{ print -rl -- ${{(P)@[-1]}} }}
words=({words}); CURRENT=${{#words}}
_pipertctl_completion 2>&1
"""


class Shells:
    """Shells in which ``pipertctl`` is this one, and its daemon that of the test."""

    def __init__(self, daemon: Daemon) -> None:
        self._folder = daemon.folder
        program = self._folder / "bin" / "pipertctl"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m pipertd.ctl "$@"\n')
        program.chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "HOME": str(self._folder),
            "PIPERTD_ADDRESS": str(daemon.runtime / "control.sock"),
        }

    def bash(self, *words: str) -> list[str]:
        return self._run(["bash", "--norc", "-c", BASH.format(words=shlex.join(["pipertctl", *words]))])

    def bash_told(self, *words: str) -> list[str]:
        """What bash is told beside names."""
        told = 'compopt() { echo compopt "$@"; }'
        return self._run(["bash", "--norc", "-c", told + BASH.format(words=shlex.join(["pipertctl", *words]))])

    def fish(self, *words: str) -> list[str]:
        return self._run(["fish", "--no-config", "-c", FISH.format(line=shlex.quote(" ".join(["pipertctl", *words])))])

    def zsh(self, *words: str) -> list[str]:
        given = shlex.join(["pipertctl", *words])
        return self._run(["zsh", "--no-rcs", "-c", ZSH.format(words=given, folder=self._folder)])

    def expect(self, names: list[str], complete: Callable[..., list[str]], *words: str) -> None:
        """Complete until these come: a machine that is busy answers too late for a shell now and then."""
        wait_until(lambda: complete(*words) == names, DEADLINE_S, f"{names} for {words}")

    def _run(self, command: list[str]) -> list[str]:
        if shutil.which(command[0]) is None:
            pytest.skip(f"there is no {command[0]} here")
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=self.environment
        )
        assert done.stderr == ""
        return sorted(line.split("\t")[0] for line in done.stdout.splitlines() if line)


@pytest.fixture
def shells(daemon: Daemon) -> Shells:
    """With the pipelines ``park`` and ``street`` loaded: a/count → b/sink."""
    for name in ("park", "street"):
        file = daemon.definitions / f"{name}.yaml"
        write_definition(file, counts(), writes(daemon.folder / name), autostart=False)
    daemon.start()
    daemon.wait_loaded()
    return Shells(daemon)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes(shells: Shells, shell: str) -> None:
    """Commands, those of a group, options, and what is loaded; nothing where nothing fits."""
    complete = getattr(shells, shell)
    assert complete("sta") == ["start", "status"]
    assert complete("quarantine", "") == ["drop", "list", "replay", "show"]
    assert complete("logs", "--fo") == ["--follow"]
    shells.expect(["park", "street"], complete, "start", "")
    shells.expect(["street", "street/a", "street/b"], complete, "start", "st")
    shells.expect(["street/b", "street/b/sink"], complete, "start", "street/b")
    assert complete("start", "nowhere") == []


def test_events_are_those_that_routines_handle(shells: Shells, daemon: Daemon) -> None:
    """Of flows that run; then the target."""
    daemon.ctl("start", "park")
    shells.expect(["BREAK", "DOZE", "NOTE"], shells.bash, "event", "")
    shells.expect(["park", "park/a", "park/b"], shells.bash, "event", "NOTE", "p")
    shells.expect(["park", "park/a", "park/b"], shells.bash, "handlers", "p")
    shells.expect(["text="], shells.bash, "event", "NOTE", "park", "")
    assert shells.bash("event", "NOTE", "park", "text=a", "") == []
    assert shells.bash("event", "NOTE", "park/a", "") == [], "nobody takes it there"


def test_what_is_drawn_is_a_target_or_a_file(shells: Shells) -> None:
    """Files are left to the shell, and only where no name fits."""
    shells.expect(["park", "street"], shells.bash, "graph", "")
    shells.expect(["street/b", "street/b/sink"], shells.bash, "graph", "street/b")
    shells.expect(["compopt -o default"], shells.bash_told, "graph", "nowh")


def test_documents_are_completed_without_a_daemon(shells: Shells, daemon: Daemon) -> None:
    """Word by word, as a command is written."""
    daemon.stop()
    assert shells.bash("schema", "to") == ["top"]
    assert {"status", "quarantine", "tap"} <= set(shells.bash("schema", ""))
    assert shells.bash("schema", "quarantine", "") == ["drop", "list", "show"]
    assert shells.bash("schema", "quarantine", "list", "") == []


def test_links_are_completed_by_what_stands_before(shells: Shells) -> None:
    """The ends of a link are routines of the pipeline; one to take away is one that is there."""
    shells.expect(["a/count", "b/sink"], shells.bash, "link", "street", "")
    shells.expect(["a/count"], shells.bash, "unlink", "street", "")
    shells.expect(["b/sink"], shells.bash, "unlink", "street", "a/count", "")
    assert shells.bash("unlink", "nowhere", "") == []


def test_what_is_looked_at_is_a_link(shells: Shells) -> None:
    """Whichever way it is written: the pipeline, where the link begins, where it ends, and nothing behind that."""
    shells.expect(["park", "street"], shells.bash, "tap", "")
    shells.expect(["street", "street/a/count"], shells.bash, "tap", "st")
    shells.expect(["street/a/count"], shells.bash, "tap", "street/")
    shells.expect(["b/sink"], shells.bash, "tap", "street/a/count", "")
    shells.expect(["b/sink"], shells.bash, "tap", "-n", "3", "street/count", "b")
    shells.expect(["a/count"], shells.bash, "tap", "street", "")
    shells.expect(["b/sink"], shells.bash, "tap", "street", "a/count", "")
    assert shells.bash("tap", "street", "a/count", "b/sink", "") == []
    assert shells.bash("tap", "nowhere", "") == []


def test_levels_are_completed_without_a_daemon(shells: Shells, daemon: Daemon) -> None:
    """They are the same everywhere."""
    daemon.stop()
    assert shells.bash("logs", "--level", "") == ["critical", "debug", "error", "info", "warning"]
    assert shells.bash("logs", "--level", "W") == ["warning"]


def test_completion_without_a_daemon_is_silent(shells: Shells, daemon: Daemon) -> None:
    """Where none answers, and where one does not answer in time, there is nothing, and no word of it."""
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGSTOP)
    assert shells.bash("start", "") == []
    daemon.process.send_signal(signal.SIGCONT)
    daemon.stop()
    assert shells.bash("start", "") == []
    assert shells.bash("sta") == ["start", "status"]
    shells.environment["PIPERTD_ADDRESS"] = str(Path("/nowhere/control.sock"))
    assert shells.bash("start", "") == []

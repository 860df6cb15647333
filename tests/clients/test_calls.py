"""Every call of the API, in every language: the functions that docs/api.md shows."""

from __future__ import annotations

import subprocess

from pipertd.rpc.described import described
from tests.clients.conftest import wait_until_up
from tests.clients.languages import PYTHON_CALLS, Language
from tests.process.served import DEADLINE_S, Daemon


def said(command: list[str], daemon: Daemon) -> list[str]:
    """The lines that it prints; it must end well, and say nothing else."""
    done = subprocess.run(
        [*command, "--address", daemon.address], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_python_makes_every_call(served: Daemon) -> None:
    """There is no rpc that the programs leave out, and each does what it says."""
    lines = said(PYTHON_CALLS, served)
    told = dict(line.split(": ", 1) for line in lines)
    assert len(lines) == len(told)
    assert told.keys() == {rpc.name for service in described().services for rpc in service.rpcs}
    assert told["GetPipeline"] == "street is RUNNING, its flows are capture, analyse, report, archive"
    assert told["KillPipeline"] == "archive was killed by SIGKILL (an operator killed it)"
    assert told["DropMessage"] == "dropped; dropped again: UNKNOWN_MESSAGE"
    assert told["TapLink"] == "64 x 27, 64 x 27"


def test_calls_have_the_same_answers_as_pythons(language: Language, served: Daemon) -> None:
    """One program in two languages says the same."""
    pythons = said(PYTHON_CALLS, served)
    wait_until_up(served)
    assert said(language.command("calls"), served) == pythons

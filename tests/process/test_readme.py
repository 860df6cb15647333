"""The tour of the README, done by the book: its files, its commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import wait_until

README = (Path(__file__).parents[2] / "README.md").read_text()
BIN = Path(sys.executable).parent
DEADLINE_S = 120.0


def block(language: str, holding: str) -> str:
    """The README's block of code in ``language`` that holds these words."""
    (found,) = [
        text for text in re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL) if holding in text
    ]
    return str(found)


def command(beginning: str) -> list[str]:
    """The README's command that begins so, without prompt, comment and ampersand."""
    (found,) = re.findall(rf"^\$ ({re.escape(beginning)}.*?)(?: &)?(?: +#.*)?$", README, re.MULTILINE)
    words = shlex.split(found)
    return [*CTL, *words[1:]] if words[0] == "ctl" else [words[0].replace(".venv/bin", str(BIN)), *words[1:]]


CTL: list[str] = []
CTL += command("alias ctl=")[1].removeprefix("ctl=").replace(".venv/bin", str(BIN)).split()


@pytest.fixture
def tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tour's files, and a shell that stands in it."""
    folder = tmp_path / "tour"
    folder.mkdir()
    (folder / "numbers_tour.py").write_text(block("python", "class Count"))
    (folder / "numbers.yaml").write_text(block("yaml", "pipeline: numbers"))
    monkeypatch.chdir(tmp_path)
    return folder


def done(words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=DEADLINE_S)


def test_definition_is_valid_and_runs_to_its_end(tour: Path) -> None:
    """Six numbers go in, six come out, and the summary says so."""
    done(command(".venv/bin/pipertctl check"))
    ran = done(command(".venv/bin/pipertd run"))
    assert re.findall(r"\d is \d+", ran.stdout + ran.stderr) == [f"{each} is {each}0" for each in range(1, 7)]
    assert len(re.findall(r"6 produced = 6 delivered", ran.stdout)) == 2


@contextmanager
def daemon(tour: Path, folder: Path) -> Iterator[None]:
    """The tour's daemon, in folders of this test."""
    definition = tour / "numbers.yaml"
    definition.write_text(definition.read_text().replace(", params: {last: 6}", ""))
    words = [word.replace("/tmp/tour", str(folder)) for word in command(".venv/bin/pipertd serve")]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=DEADLINE_S)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0


def test_daemon_does_what_the_tour_shows(tour: Path, tmp_path: Path) -> None:
    """An event is answered; a flow that is killed, changed or hangs comes back, and the numbers have no gap."""
    folder = tmp_path / "daemon"
    folder.mkdir()

    def ctl(*words: str) -> str:
        shell = [word.replace("/tmp/tour", str(folder)) for word in CTL]
        return subprocess.run([*shell, *words], capture_output=True, text=True, check=False, timeout=DEADLINE_S).stdout

    def flow(name: str) -> dict[str, Any]:
        said = ctl("-o", "json", "status") or "{}"
        pipelines = json.loads(said).get("pipelines", [])
        flows = [each for one in pipelines for each in one["flows"] if each["name"] == name]
        return flows[0] if flows and flows[0]["state"] == "RUNNING" else {}

    with daemon(tour, folder):
        first = wait_until(lambda: flow("front"), DEADLINE_S, "front to run")
        wait_until(lambda: "1 is 10" in ctl("logs", "numbers"), DEADLINE_S, "the first number")
        event = command("ctl event")[len(CTL) :]
        answer = wait_until(lambda: said if "before" in (said := ctl(*event)) else "", DEADLINE_S, "an answer in time")
        assert "100" in answer

        wait_until(lambda: flow("back"), DEADLINE_S, "back to run")
        assert ctl(*command("ctl pause")[len(CTL) :]) == "numbers/back: RUNNING, paused\n"
        assert ctl(*command("ctl resume")[len(CTL) :]) == "numbers/back: RUNNING\n"

        os.kill(first["pid"], signal.SIGKILL)
        wait_until(lambda: flow("front").get("generation", 0) > first["generation"], DEADLINE_S, "the next front")

        definition, before = tour / "numbers.yaml", wait_until(lambda: flow("front"), DEADLINE_S, "front to run")
        definition.write_text(definition.read_text().replace("fps: 2", "fps: 4"))
        *_, option = command("ctl reload --plan")
        assert "fps of count" in ctl("reload", option)
        assert flow("front")["pid"] == before["pid"]
        assert "restarted" in ctl("reload")
        wait_until(
            lambda: flow("front").get("generation", 0) > before["generation"], DEADLINE_S, "front by its new definition"
        )

        hung = wait_until(lambda: flow("back"), DEADLINE_S, "back to run")
        os.kill(hung["pid"], signal.SIGSTOP)
        wait_until(lambda: flow("back").get("generation", 0) > hung["generation"], DEADLINE_S, "the next back")

        log = folder / "state/logs/numbers/back.log"
        known = len(numbers(log))
        wait_until(lambda: len(numbers(log)) > known + 1, DEADLINE_S, "more numbers")
        done([word.replace("/tmp/tour", str(folder)) for word in command("ctl stop")])
    seen = numbers(log)
    assert sorted(set(seen)) == list(range(1, max(seen) + 1))


def numbers(log: Path) -> list[int]:
    """What ``show`` was given, in the order of its log."""
    return [int(number) for number in re.findall(r'"(\d+) is \d+"', log.read_text())]

"""The program ``example`` of every language, against a real daemon: what it prints is what pipertctl prints."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import Street, wait_until_up
from tests.clients.languages import Language
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

ENDS = (signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1)
LOGGED = ("street/archive", "--level", "warning", "-n", "100000")
DOORS = pytest.mark.parametrize(
    "door",
    [pytest.param(Street.by_socket, id="socket"), pytest.param(lambda daemon: daemon.by_tls("olga"), id="tls")],
)
Door = Callable[[Street], list[str]]


def run(language: Language, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``example`` to its end."""
    command = language.command("example", *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


class Follower:
    """A program that goes on, with what it has printed so far."""

    def __init__(self, command: list[str], folder: Path, name: str) -> None:
        self.out, self.errors = folder / f"{name}.out", folder / f"{name}.err"
        with self.out.open("wb") as out, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, stdout=out, stderr=errors)

    def text(self) -> str:
        return self.out.read_text()

    def interrupt(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)


@contextmanager
def following(command: list[str], folder: Path, name: str) -> Iterator[Follower]:
    one = Follower(command, folder, name)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()


@DOORS
def test_followers_go_on_over_restarts(language: Language, door: Door, daemon: Street) -> None:
    """However the daemon goes, notices and filtered records have no gap and no double, and read as pipertctl's."""
    daemon.start()
    wait_until_up(daemon)
    watching = language.command("example", *door(daemon), "watch", "--from", "1")
    reading = language.command("example", *door(daemon), "logs", *LOGGED, "--follow")
    with following(watching, daemon.folder, "watch") as watch, following(reading, daemon.folder, "logs") as logs:
        wait_for_more_than([0, 0], watch, logs)
        for losses, end in enumerate(ENDS, start=1):
            assert daemon.process is not None
            daemon.process.send_signal(end)
            daemon.process.wait(DEADLINE_S)
            wait_for_losses(losses, watch, logs)
            said = [one.out.stat().st_size for one in (watch, logs)]  # the last of what they have of this daemon
            daemon.start()
            wait_for_more_than(said, watch, logs)
        daemon.wait_loaded()
        for pipeline in ("poison", "street"):  # else there may be more to notice: poison began anew, too
            assert daemon.ctl("stop", pipeline).returncode == 0
        last = json.loads(daemon.ctl("-o", "json", "status").stdout)["revision"]
        with following(daemon.ctl_command("watch", "--from", "1"), daemon.folder, "reference") as reference:
            for one in (reference, watch):
                wait_until(lambda: re.search(rf"^ *{last} ", one.text(), re.MULTILINE), DEADLINE_S, "the last")  # noqa: B023
            same(watch, reference.text())
        same(logs, daemon.ctl("logs", *LOGGED).stdout)
        for one, number in ((watch, signal.SIGINT), (logs, signal.SIGTERM)):
            assert one.interrupt(number) == 0
            told = one.errors.read_text().splitlines()
            assert len(told) == len(ENDS), told
            assert all(line.startswith("example: waiting for the daemon: ") for line in told)


def wait_for_losses(losses: int, *followers: Follower) -> None:
    """Wait until each has noticed: until then, what it prints may still be the last of the daemon before."""
    wait_until(
        lambda: all(len(one.errors.read_text().splitlines()) >= losses for one in followers),
        DEADLINE_S,
        "the loss said by each follower",
    )


def wait_for_more_than(said: list[int], *followers: Follower) -> None:
    wait_until(
        lambda: all(one.out.stat().st_size > size for one, size in zip(followers, said, strict=True)),
        DEADLINE_S,
        f"more from each follower, which had said {[one.errors.read_text() for one in followers]}",
    )


def same(follower: Follower, reference: str) -> None:
    """Wait until it has printed as much, and compare."""
    wait_until(lambda: len(follower.text()) >= len(reference), DEADLINE_S, "the end")
    assert follower.text() == reference


@DOORS
def test_status_is_pipertctls(language: Language, door: Door, shared: Street) -> None:
    """Two tables: flows as they are, and links with counts that lie between those of a look before and one behind."""
    at = door(shared)
    before, done, after = look(shared), run(language, *at, "status"), look(shared)
    assert (done.returncode, done.stderr) == (0, "")
    flows, links = (table(part) for part in done.stdout.split("\n\n"))
    assert flows == [
        {
            "FLOW": f"{pipeline['pipeline']}/{flow['name']}",
            "STATE": flow["state"],
            "PID": str(flow["pid"] or "-"),
            "GENERATION": str(flow["generation"]),
            "RESTARTS": str(flow["restarts"]),
        }
        for pipeline in before
        for flow in pipeline["flows"]
    ]
    lowest, highest = (counts(each) for each in (before, after))
    assert [link["LINK"] for link in links] == [*lowest]
    for link in links:
        low, high = lowest[link["LINK"]], highest[link["LINK"]]
        for name in ("PRODUCED", "DELIVERED", "FAILED", "DROPPED", "QUARANTINED"):
            assert low[name] <= int(link[name]) <= high[name], (link, low, high)
        assert 0 <= int(link["IN FLIGHT"]) <= 8 + 1
    narrowed = run_told_by_the_environment(language, at, "status", "poison").stdout
    assert "poison/a" in narrowed
    assert "street" not in narrowed


def run_told_by_the_environment(language: Language, at: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it with variables instead of the options, as pipertctl takes them; a path alone is a socket."""
    told = {f"PIPERTD_{name.removeprefix('--').upper()}": value for name, value in zip(at[::2], at[1::2], strict=True)}
    told["PIPERTD_ADDRESS"] = told["PIPERTD_ADDRESS"].removeprefix("unix://")
    command = language.command("example", *arguments)
    environment = {**os.environ, **told}
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment)


def look(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(daemon.ctl("-o", "json", "status").stdout)["pipelines"]
    return found


def table(text: str) -> list[dict[str, str]]:
    head, *rows = (re.split(r"  +", line.rstrip()) for line in text.strip("\n").splitlines())
    return [dict(zip(head, row, strict=True)) for row in rows]


def counts(pipelines: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    return {
        f"{pipeline['pipeline']}: {link['from']} -> {link['to']}": {
            "PRODUCED": link["produced"],
            "DELIVERED": link["delivered"],
            "FAILED": link["failed"],
            "DROPPED": sum(link["dropped"].values()),
            "QUARANTINED": link["quarantined"],
        }
        for pipeline in pipelines
        for link in pipeline["links"]
    }


EVENTS = (
    ("SET_MIN_AREA", "street", "pixels=3000"),
    ("ECHO", "street/archive/frames", 'value={"b": [1, -2.5, null, true, 1e3], "a": {"é": "x\\u001by"}}'),
    ("ECHO", "street/archive/frames", "value=two words"),
    ("ECHO", "street"),
    ("FAIL", "street/archive"),
    ("UNHEARD", "street"),
)


def test_event_prints_the_answers_of_pipertctl(language: Language, shared: Street) -> None:
    """Parameters of every kind arrive, and what routines answer is printed as pipertctl prints it, errors too."""
    for words in EVENTS:
        shared.ctl("event", *words)  # the first changes something, the next two find it changed
        reference, done = shared.ctl("event", *words), run(language, *shared.by_socket(), "event", *words)
        assert reference.stdout
        assert (done.stdout, done.returncode) == (reference.stdout, reference.returncode)


def test_refusals_are_told_by_their_reason(language: Language, shared: Street, tmp_path: Path) -> None:
    """One line with the daemon's reason and its words, whatever the call; a daemon that is not there is UNAVAILABLE."""
    for arguments, reason in (
        (("status", "nowhere"), "UNKNOWN_TARGET"),
        (("watch", "nowhere"), "UNKNOWN_TARGET"),
        (("watch", "--from", "1000000"), "REVISION_TOO_OLD"),
        (("logs", "nowhere"), "UNKNOWN_TARGET"),
        (("event", "ECHO", "street/nowhere"), "UNKNOWN_TARGET"),
    ):
        assert_one_error(run(language, *shared.by_socket(), *arguments), reason)
    for words in ("status", "watch", "logs --follow", "event ECHO street"):
        assert_one_error(run(language, "--address", f"{tmp_path}/none.sock", *words.split()), "UNAVAILABLE")


def test_an_observer_over_tls_may_not_notify(language: Language, shared: Street) -> None:
    """The role of a certificate that may look only: an event is refused, by its reason; an operator's is not."""
    event = ("event", "SET_MIN_AREA", "street", "pixels=900")
    assert_one_error(run(language, *shared.by_tls("olga"), *event), "NOT_PERMITTED")
    assert run(language, *shared.by_tls("otto"), *event).returncode == 0


def assert_one_error(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(rf"example: {reason}: \S.*\n", done.stderr), done.stderr


def test_a_full_disk_ends_it(language: Language, served: Daemon) -> None:
    """What cannot be written is a failure that is told in one line, also where it goes on."""
    for words in ("status", "logs --follow"):
        command = language.command("example", "--address", served.address, *words.split())
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=DEADLINE_S, check=False
            )
        assert done.returncode == 1
        assert re.fullmatch(r"example: \S.*\n", done.stderr), done.stderr


def test_what_is_no_port_is_refused(language: Language) -> None:
    """It is no address, and nobody tries to reach it."""
    done = run(language, "--address", "localhost:65536", "status")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is written /PATH, unix:///PATH or HOST:PORT" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("dance",), ("status", "--ca", "ca.pem", "--address", "localhost:1")])
def test_usage_is_told(language: Language, arguments: tuple[str, ...]) -> None:
    """A command line that means nothing, or half of the files for TLS, ends with 2 and the usage."""
    done = run(language, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage" in done.stderr.lower()

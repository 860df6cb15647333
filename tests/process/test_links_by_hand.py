"""Links that are drawn and taken away while a pipeline runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.process.definitions import HERE
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def linked(daemon: Daemon) -> Daemon:
    """A daemon with the pipeline ``p``: a/count → b/pass → c/write, and d/write2, which gets what a/count sends."""
    flows = {
        "a": {"count": {"class": "routines:Count", "fps": 200}},
        "b": {"pass": {"class": "routines:Pass"}},
        "c": {"write": {"class": "routines:Write", "params": {"file": f"{daemon.folder}/numbers"}}},
        "d": {"write2": {"class": "routines:Write", "params": {"file": f"{daemon.folder}/others"}}},
    }
    document = {
        "pipeline": "p",
        "path": [str(HERE)],
        "shm_limit": "16M",
        "flows": {name: {"routines": routines} for name, routines in flows.items()},
        "links": [{"from": "count", "to": ["pass", "write2"]}, {"from": "pass", "to": ["write"]}],
    }
    (daemon.definitions / "p.yaml").write_text(json.dumps(document))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


def links(daemon: Daemon) -> dict[str, dict[str, Any]]:
    return {f"{link['from']} -> {link['to']}": link for link in daemon.status("p").get("links", ())}


def pids(daemon: Daemon) -> dict[str, int]:
    return {flow["name"]: flow["pid"] for flow in daemon.status("p")["flows"]}


def until_delivered(daemon: Daemon, name: str, beyond: int = 5) -> None:
    wait_until(lambda: links(daemon).get(name, {}).get("delivered", 0) > beyond, DEADLINE_S, f"messages on {name}")


def numbers(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().splitlines()]


def test_a_link_is_drawn_and_taken_away(linked: Daemon) -> None:
    """Messages pass on it as on any other; it goes as it came, or when the definition is loaded again."""
    before = pids(linked)
    done = linked.ctl("link", "p", "pass", "write2", "--policy", "drop_oldest", "--depth", "7")
    assert done.returncode == 0
    assert "link b/pass -> d/write2 is new" in done.stdout
    until_delivered(linked, "b/pass -> d/write2")
    drawn = links(linked)["b/pass -> d/write2"]
    assert (drawn["policy"], drawn["depth"]) == ("drop_oldest", 7)
    assert "is changed until its definition is loaded again" in linked.wait_for("link_drawn")["message"]
    drawing = pids(linked)
    assert {name for name in before if drawing[name] != before[name]} == {"b", "d"}
    plan = json.loads(linked.ctl("-o", "json", "unlink", "p", "a/count", "d/write2").stdout)
    assert plan["pipeline"] == "p"
    linked.wait_for("link_removed")
    removing = pids(linked)
    assert {name for name in before if removing[name] != drawing[name]} == {"a", "d"}
    until_delivered(linked, "b/pass -> d/write2")
    assert "a/count -> d/write2" not in links(linked)
    assert "restarted" in linked.ctl("reload").stdout
    until_delivered(linked, "a/count -> d/write2")
    assert set(links(linked)) == {"a/count -> b/pass", "a/count -> d/write2", "b/pass -> c/write"}
    assert linked.ctl("stop", "p").returncode == 0
    for link in links(linked).values():
        assert link["produced"] == link["delivered"] + sum(link["dropped"].values())


REFUSED = [
    (("link", "q", "count", "pass"), 4, "cannot find q"),
    (("link", "p", "count", "nobody"), 4, "cannot find routine 'nobody' of p"),
    (("link", "p", "count", "pass"), 6, "there is such a link already"),
    (("link", "p", "pass", "count"), 5, "it would close a cycle: b/pass -> a/count -> b/pass"),
    (("link", "p", "write", "write2"), 5, "write is a destination and gives no output"),
    (("link", "p", "pass", "write2", "--depth", "5000"), 5, "its depth is 5000, and may be 1 to 4096"),
    (("link", "p", "pass", "write2", "--policy", "perhaps"), 2, "perhaps"),
    (("unlink", "p", "pass", "write2"), 4, "cannot find link b/pass -> d/write2 of p"),
    (("unlink", "p", "count", "write2"), 5, "cannot run d/write2, because it is a destination routine and no link"),
]


def test_what_cannot_be_is_refused_and_nothing_changes(linked: Daemon) -> None:
    """Each gets one clear error and its exit code, and every process and link is as it was."""
    before, drawn = linked.status("p")["flows"], set(links(linked))
    for arguments, code, text in REFUSED:
        done = linked.ctl(*arguments)
        assert (arguments, done.returncode, done.stdout) == (arguments, code, "")
        assert text in done.stderr
    assert [flow["pid"] for flow in linked.status("p")["flows"]] == [flow["pid"] for flow in before]
    assert set(links(linked)) == drawn


def test_a_drawn_link_survives_its_daemon(linked: Daemon) -> None:
    """The next daemon finds it at its place, with its counts, though another one was taken away before it."""
    assert linked.ctl("link", "p", "pass", "write2").returncode == 0
    assert linked.ctl("unlink", "p", "a/count", "d/write2").returncode == 0
    until_delivered(linked, "b/pass -> d/write2")
    wait_until(lambda: linked.status("p").get("state") == "RUNNING", DEADLINE_S, "those at its ends to run again")
    before, delivered = pids(linked), links(linked)["b/pass -> d/write2"]["delivered"]
    linked.kill()
    linked.start()
    linked.wait_for("pipeline_adopted")
    until_delivered(linked, "b/pass -> d/write2", delivered)
    assert pids(linked) == before

"""A start with a file that somebody broke: what worked before works again, and it is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


def is_kept(daemon: Daemon) -> bool:
    return (daemon.state / "definitions/p.proven").exists()


def proven_and_down(daemon: Daemon, **more: Any) -> Path:
    """The pipeline p ran well once; then the machine was switched off: what is in /run is gone."""
    file = daemon.definitions / "p.yaml"
    write_definition(file, counts(), writes(daemon.folder / "numbers", pause_s=0.001), **more)
    daemon.start()
    wait_until(lambda: is_kept(daemon), DEADLINE_S, "its definition to be kept")
    assert daemon.stop() == 0
    shutil.rmtree(daemon.runtime)
    return file


def runs(daemon: Daemon) -> bool:
    return bool(daemon.status("p").get("state") == "RUNNING")


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"links"', '"linkz"'),
        lambda text: text.replace("routines:Write", "routines:Wrote"),
        lambda text: "\0" * 4096,
    ],
    ids=["half of it", "an unknown key", "a class that is not there", "zeros"],
)
def test_a_broken_file_is_gone_back_on(daemon: Daemon, broken: Callable[[str], str]) -> None:
    """Whatever is wrong with the file, the pipeline starts as it last worked; the notice says so, and of which date."""
    file = proven_and_down(daemon)
    file.write_text(broken(file.read_text()))
    daemon.start()
    wait_until(lambda: runs(daemon), DEADLINE_S, "p to run")
    (told,) = [each for each in daemon.notices("definition_invalid") if each["pipeline"] == "p"]
    assert f"pipeline p goes on with the one of {told['details']['proven']}, which worked" in told["message"]
    assert f"{file} cannot be used" in told["message"]
    reloaded = daemon.ctl("reload")
    assert (reloaded.returncode != 0, runs(daemon)) == (True, True)


def test_a_mended_file_is_what_counts(daemon: Daemon) -> None:
    """A reload does what the file says by then, and that is what is kept from then on."""
    file = proven_and_down(daemon)
    text = file.read_text()
    file.write_text(text[:-20])
    daemon.start()
    wait_until(lambda: runs(daemon), DEADLINE_S, "p to run")
    before = (daemon.state / "definitions/p.proven").read_bytes()
    file.write_text(text.replace('"shm_limit": "16M"', '"shm_limit": "16M", "description": "mended"'))
    assert daemon.ctl("reload").returncode == 0
    wait_until(
        lambda: (daemon.state / "definitions/p.proven").read_bytes() != before, DEADLINE_S, "the mended one to be kept"
    )
    assert runs(daemon)


def test_a_file_that_was_removed_is_not_started(daemon: Daemon) -> None:
    """Nothing of it comes back, also where a broken file of another name is left."""
    file = proven_and_down(daemon)
    file.rename(file.with_name("q.yaml"))
    file.with_name("q.yaml").write_text("pipeline: p\nflows: {}\n")
    daemon.start()
    daemon.wait_loaded()
    assert daemon.status("p") == {}


@pytest.mark.parametrize("content", ["pipeline: [\n", None], ids=["with its file broken", "with its file as it was"])
def test_what_does_not_work_any_more_is_not_started(daemon: Daemon, content: str | None) -> None:
    """Where the code went there is nothing to go on with; that is said where it was tried."""
    code = daemon.folder / "code"
    code.mkdir()
    (code / "gone.py").write_text((Path(__file__).parent / "routines.py").read_text())
    sink = {"class": "gone:Write", "params": {"file": str(daemon.folder / "numbers")}}
    file = daemon.definitions / "p.yaml"
    write_definition(file, {"class": "gone:Count"}, sink, path=[str(code)])
    daemon.start()
    wait_until(lambda: is_kept(daemon), DEADLINE_S, "its definition to be kept")
    assert daemon.stop() == 0
    (code / "gone.py").unlink()
    shutil.rmtree(code / "__pycache__", ignore_errors=True)
    if content is not None:
        file.write_text(content)
    daemon.start()
    daemon.wait_loaded()
    told = [each["message"] for each in daemon.notices("definition_invalid") if each["pipeline"] == "p"]
    assert ["does not go on with the one of" in each for each in told] == ([] if content is None else [True])
    assert daemon.notices("definition_invalid")
    assert daemon.status("p") == {}


def test_what_was_changed_by_hand_is_not_kept(daemon: Daemon) -> None:
    """A link that was drawn by hand lasts until the definition is loaded again, and so is no proof."""
    two = {"a": counts(), "b": writes(daemon.folder / "b"), "c": counts(), "d": writes(daemon.folder / "d", 0.001)}
    flows = {name: {"routines": {name: routine}} for name, routine in two.items()}
    links = [{"from": "a", "to": ["b"]}, {"from": "c", "to": ["d"]}]
    proven_and_down(daemon, flows=flows, links=links)
    before = (daemon.state / "definitions/p.proven").read_bytes()
    daemon.start()
    wait_until(lambda: runs(daemon), DEADLINE_S, "p to run")
    assert daemon.ctl("link", "p", "a", "d").returncode == 0
    wait_until(lambda: runs(daemon) and len(daemon.status("p")["links"]) == 3, DEADLINE_S, "p to run with the link")
    assert daemon.stop() == 0
    assert (daemon.state / "definitions/p.proven").read_bytes() == before


def test_what_never_worked_is_not_kept(daemon: Daemon) -> None:
    """A flow that fails in its setup proves nothing."""
    sink = {"class": "routines:Write", "params": {"file": "/"}}
    write_definition(daemon.definitions / "p.yaml", counts(), sink, sink_flow={"restart": {"policy": "never"}})
    daemon.start()
    daemon.wait_for("flow_failed", "b")
    assert not is_kept(daemon)


def test_a_record_that_cannot_be_read_is_set_aside(daemon: Daemon) -> None:
    """It is said, kept under another name, and made anew as soon as the pipeline works."""
    proven_and_down(daemon)
    record = daemon.state / "definitions/p.proven"
    record.write_bytes(b"garbage")
    daemon.start()
    told = daemon.wait_for("state_unreadable")
    assert Path(told["details"]["path"]).read_bytes() == b"garbage"
    wait_until(record.exists, DEADLINE_S, "its definition to be kept again")

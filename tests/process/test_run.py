"""`pipertd run`: one definition in the foreground, as a user calls it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.process.definitions import counts, write_definition, writes
from tests.waiting import wait_until

RUN = [sys.executable, "-m", "pipertd.daemon", "run"]
DEADLINE_S = 120.0


@contextmanager
def running(tmp_path: Path, *arguments: object, temporary: str = "tmp") -> Iterator[subprocess.Popen[str]]:
    """The command, with a folder of its own for temporary files."""
    (tmp_path / temporary).mkdir(exist_ok=True)
    command = [*RUN, *map(str, arguments)]
    environment = {**os.environ, "TMPDIR": str(tmp_path / temporary)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def finish(tmp_path: Path, *arguments: object) -> tuple[int, str, str]:
    """Exit code, output and error output; nothing temporary is left."""
    with running(tmp_path, *arguments) as process:
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert list((tmp_path / "tmp").iterdir()) == []
    return process.returncode, output, errors


def balances(link: dict[str, Any]) -> bool:
    told = link["delivered"] + link["failed"] + sum(link["dropped"].values()) + link["quarantined"] + link["in_flight"]
    return bool(link["produced"] == told)


def test_finite_pipeline_ends_with_a_json_document(tmp_path: Path) -> None:
    """Standard output is one document with the promised fields, and the exit code is 0."""
    file = write_definition(tmp_path / "p.yaml", counts(50), writes(tmp_path / "numbers"))
    code, output, errors = finish(tmp_path, file, "--json")
    assert code == 0, errors
    document = json.loads(output)
    assert (document["pipeline"], document["state"]) == ("p", "EXITED")
    assert {"seconds", "flows", "routines"} <= document.keys()
    (link,) = document["links"]
    assert (link["from"], link["to"], link["produced"], link["delivered"]) == ("a/count", "b/sink", 50, 50)
    assert (link["failed"], link["dropped"], link["quarantined"], link["in_flight"]) == (0, {}, 0, 0)
    assert (tmp_path / "numbers").read_text().split() == [str(number) for number in range(50)]


def test_summary_for_people_adds_up(tmp_path: Path) -> None:
    """Without --json the balance of each link is one line."""
    file = write_definition(tmp_path / "p.yaml", counts(5), writes(tmp_path / "numbers"))
    code, output, errors = finish(tmp_path, file)
    assert code == 0, errors
    assert "a/count -> b/sink: 5 produced = 5 delivered + 0 failed" in output


def test_failed_message_is_no_success(tmp_path: Path) -> None:
    """A message that its routine could not handle is counted, shown with its traceback, and costs the exit code."""
    file = write_definition(tmp_path / "p.yaml", counts(5), {"class": "routines:Refuse"})
    code, output, errors = finish(tmp_path, file, "--json")
    assert code == 1
    (link,) = json.loads(output)["links"]
    assert (link["failed"], balances(link)) == (5, True)
    assert "cannot like it" in errors


def test_failed_flow_ends_the_run(tmp_path: Path) -> None:
    """When a flow is given up the others are stopped, the links still balance, and the exit code is 1."""
    never = {"restart": {"policy": "never"}}
    file = write_definition(tmp_path / "p.yaml", counts(), {"class": "routines:Crash"}, sink_flow=never)
    code, output, errors = finish(tmp_path, file, "--json")
    assert code == 1
    document = json.loads(output)
    assert document["state"] == "FAILED"
    assert balances(document["links"][0])
    assert "the last straw" in errors


def test_invalid_definition_is_refused(tmp_path: Path) -> None:
    """Nothing runs; every problem is a line with file, line and column, and the exit code is 5."""
    file = write_definition(tmp_path / "p.yaml", counts(5), writes(tmp_path / "numbers"), colour="red")
    code, output, errors = finish(tmp_path, file)
    assert (code, output) == (5, "")
    assert errors.startswith(f"{file}:")


def test_the_folder_of_a_run_that_was_killed_is_removed_by_the_next(tmp_path: Path) -> None:
    """Whoever kills one has its flows end by themselves, and its files by somebody else."""
    file = write_definition(tmp_path / "p.yaml", counts(), writes(tmp_path / "numbers", pause_s=0.01))
    with running(tmp_path, file) as process:
        (left,) = wait_until(lambda: list((tmp_path / "tmp").glob("*/lock")), DEADLINE_S, "the run's folder")
        wait_until((tmp_path / "numbers").exists, DEADLINE_S, "both flows to be at work")
        threads = Path(f"/proc/{process.pid}/task").iterdir()
        flows = [pid for thread in threads for pid in (thread / "children").read_text().split()]
        assert len(flows) == 2
        process.kill()
        process.communicate(timeout=DEADLINE_S)
    wait_until(lambda: not any(Path("/proc", pid).exists() for pid in flows), DEADLINE_S, "the flows' end")
    assert left.exists()
    write_definition(tmp_path / "p.yaml", counts(5), writes(tmp_path / "others"))
    assert finish(tmp_path, file)[0] == 0


def test_a_folder_whose_path_is_too_long_is_said_in_a_line(tmp_path: Path) -> None:
    """A socket has to lie there; the folder is removed all the same."""
    file = write_definition(tmp_path / "p.yaml", counts(5), writes(tmp_path / "numbers"))
    deep = "deep" * 30
    with running(tmp_path, file, temporary=deep) as process:
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, output, errors.count("\n")) == (1, "", 1)
    assert "(see TMPDIR)" in errors
    assert list((tmp_path / deep).iterdir()) == []


def test_interrupt_ends_cleanly(tmp_path: Path) -> None:
    """Ctrl-C stops the pipeline in order: what was sent arrives, the summary is printed, nothing failed."""
    numbers = tmp_path / "numbers"
    file = write_definition(tmp_path / "p.yaml", counts(), writes(numbers, pause_s=0.01))
    with running(tmp_path, file, "--json") as process:
        wait_until(lambda: numbers.exists() and numbers.stat().st_size > 20, DEADLINE_S, "some numbers")
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, errors
    document = json.loads(output)
    assert document["state"] == "STOPPED"
    (link,) = document["links"]
    assert link["produced"] == link["delivered"]
    assert list((tmp_path / "tmp").iterdir()) == []

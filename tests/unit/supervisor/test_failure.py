"""The names of failures are the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path

from pipertd.rpc import pipeline_pb2
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.watch import Deadline, Expiry

PAGE = Path(__file__).parents[3] / "docs" / "supervision.md"


def test_docs_explain_every_failure() -> None:
    """The table in the docs has a row for each name, and for nothing else."""
    section = PAGE.read_text().partition("\n## Failures\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)) == set(Failure)


def test_api_has_every_failure() -> None:
    """Each name goes over the wire as itself."""
    names = {f"FAILURE_{each.name}" for each in Failure}
    assert set(pipeline_pb2.Failure.keys()) == {"FAILURE_UNSPECIFIED", *names}


def test_every_deadline_has_its_failure() -> None:
    """What missed a deadline is called after it."""
    named = [Expiry("r", each, 1.0, 2.0).failure for each in Deadline]
    assert named == [Failure.START_DEADLINE, Failure.PROGRESS_DEADLINE, Failure.STOP_DEADLINE]

"""What tests of the doctor share: definitions, and running the command that a finding names."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable

from pipertd.ctl.doctor.finding import Finding
from pipertd.definition.model import MIB, Flow, Pipeline, Resources, Routine

_AS_MYSELF = 'sudo() { "$@"; }\n'  # what a test mends is its own, and not everybody who runs tests has sudo


def pipeline(
    name: str = "street",
    *,
    shm_limit: int = 64 * MIB,
    python: str | None = None,
    path: tuple[str, ...] = (),
    resources: Resources | None = None,
    **params: object,
) -> Pipeline:
    """A pipeline of one flow with one routine."""
    flow = Flow("one", (Routine("only", "module:Class", params),), resources=resources or Resources())
    return Pipeline(name, (flow,), (), shm_limit=shm_limit, python=python, path=path)


def only(findings: Iterable[Finding]) -> Finding:
    """The one finding that there is."""
    (found,) = findings
    return found


def mend(finding: Finding) -> None:
    """Do what it says."""
    subprocess.run(["sh", "-c", _AS_MYSELF + finding.command], check=True, timeout=120, capture_output=True)

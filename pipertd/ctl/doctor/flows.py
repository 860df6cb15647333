"""What is wrong with pipelines that run: nothing of the machine's, but who asks for a doctor wants to know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipertd.ctl.doctor.finding import Finding, Severity

if TYPE_CHECKING:
    from pipertd.client import records

SUBJECT = "pipelines"


def findings(pipelines: Sequence[records.Pipeline], quarantined: int) -> Iterator[Finding]:
    """Flows that are given up, and messages that were put aside."""
    for pipeline in pipelines:
        for flow in pipeline.flows:
            if flow.state == "FAILED":
                target = f"{pipeline.name}/{flow.name}"
                what = f"{target} is FAILED: {flow.reason or flow.failure}"
                why = "it is not started again by itself; links to it are blocked"
                yield Finding(
                    Severity.NOTE, SUBJECT, what, why, f"pipertctl logs {target} -n 50 && pipertctl start {target}"
                )
    if quarantined:
        what = f"{quarantined} message{'s' if quarantined > 1 else ''} in quarantine"
        why = "each killed its routine again and again; replay shows how"
        yield Finding(Severity.NOTE, SUBJECT, what, why, "pipertctl quarantine list")

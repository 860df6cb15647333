"""Credentials that definitions name: whether the unit gives them to the service."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence

from pipertd.ctl.doctor.finding import Finding, Severity, as_root, quoted
from pipertd.ctl.doctor.unit import NAME, Unit, drop_in
from pipertd.definition.model import Pipeline

SUBJECT = "credentials"
FOLDER = "/etc/pipertd/credentials"
_DEADLINE_S = 5.0
_GIVEN = re.compile(r"^(Load|Set)Credential(?:Encrypted)?=([^:\s]*)")


def look(unit: Unit | None) -> frozenset[str] | None:
    """The names of those that the unit gives; None where there is no unit, or nobody can say.

    ``systemctl show`` does not tell of them, so the files that make the unit are read.
    """
    if unit is None:
        return None
    try:
        shown = subprocess.run(
            ["systemctl", "cat", NAME], capture_output=True, text=True, check=False, timeout=_DEADLINE_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return given(shown.stdout) if shown.returncode == 0 else None


def given(files: str) -> frozenset[str] | None:
    """The names in the files of a unit; None where it takes any that come along with the system."""
    names: dict[str, set[str]] = {"Load": set(), "Set": set()}
    for line in map(str.strip, files.splitlines()):
        if line.startswith("ImportCredential="):
            return None
        if found := _GIVEN.match(line):
            way, name = found.groups()
            if name:
                names[way].add(name)
            else:  # an empty one takes back those before it
                names[way].clear()
    return frozenset(names["Load"] | names["Set"])


def findings(names: frozenset[str] | None, pipelines: Sequence[Pipeline]) -> Iterator[Finding]:
    """Those that are named and not given."""
    if names is None:
        return
    for pipeline in pipelines:
        for name in dict.fromkeys(each for each in pipeline.credentials if each not in names):
            what = f"nobody gives the service the credential {name}, which {pipeline.name} names"
            why = "the flows of that pipeline do not start without it"
            yield Finding(Severity.FAULT, SUBJECT, what, why, _give(name, pipeline.name))


def _give(name: str, pipeline: str) -> str:
    file = f"{FOLDER}/{name}"
    made = as_root(f"install -D -m 600 /dev/stdin {quoted([file])}")
    loaded = drop_in(f"credential-{name}", f"LoadCredential={name}:{file}")
    return f"{made} && {loaded} && pipertctl restart {pipeline}  # type what is secret, then Ctrl-D"

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipertd.ctl.doctor.finding import Severity
from pipertd.ctl.doctor.kernel import Kernel, findings, look
from tests.unit.ctl.doctor.mending import only


def test_this_kernel_is_new_enough() -> None:
    """What runs these tests runs pipertd."""
    assert list(findings(look())) == []


def test_a_call_that_is_refused_is_a_fault() -> None:
    """The kernel's own reason is said: with no descriptor left neither call can be made."""
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\n"
        "from pipertd.ctl.doctor.kernel import findings, look\n"
    )
    script = "import pipertd.ctl.doctor.kernel\n" + limited + "print([each.what for each in findings(look())])"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(__file__).parents[4],
    )
    assert done.stdout.count("too many open files") == 2


@pytest.mark.parametrize(("release", "count"), [("5.10.0-28-amd64", 1), ("5.14.0", 0), ("6.1.0-rpi7", 0)])
def test_an_old_kernel_is_a_risk(release: str, count: int) -> None:
    """Before cgroup.kill a flow's runaway children are out of reach."""
    found = list(findings(Kernel(release)))
    assert len(found) == count
    assert all(each.severity is Severity.RISK for each in found)


def test_a_missing_call_hides_the_age() -> None:
    """One cause is one finding."""
    finding = only(findings(Kernel("5.2.0", {"pidfd_open": "function not implemented"})))
    assert finding.what == "pidfd_open does not work on Linux 5.2.0: function not implemented"

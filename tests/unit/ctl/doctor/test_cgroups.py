from __future__ import annotations

import pytest

from pipertd.ctl.doctor.cgroups import Groups, findings, look
from pipertd.ctl.doctor.finding import Severity
from pipertd.definition.model import MIB, Resources
from tests.unit.ctl.doctor.mending import only, pipeline

UNIT = {"Delegate": "yes"}
LIMITED = pipeline(resources=Resources(memory_max=64 * MIB, cpu_weight=50, nice=5))


def test_missing_cgroups_are_a_fault_only_for_who_asked_for_limits() -> None:
    """Without limits they are a risk of a service, and worth a note where a daemon was started by hand."""
    none = Groups("its unit says Delegate=no", ())
    assert only(findings(none, None, [pipeline()])).severity is Severity.NOTE
    assert only(findings(none, UNIT, [pipeline()])).severity is Severity.RISK
    finding = only(findings(none, UNIT, [LIMITED]))
    assert finding.severity is Severity.FAULT
    assert "Delegate=yes" in finding.command


def test_a_controller_that_is_missing_names_the_keys() -> None:
    """Only the limits that need it are said not to hold; niceness needs none."""
    finding = only(findings(Groups("", ("cpu", "pids")), UNIT, [LIMITED]))
    assert finding.what == "the kernel does not give the memory controller, and definitions set memory_max"
    assert list(findings(Groups("", ("cpu", "memory")), UNIT, [LIMITED])) == []


@pytest.mark.parametrize(
    ("unit", "missing"), [({"Delegate": "no"}, "its unit says Delegate=no"), ({"LoadState": "loaded"}, "its unit says")]
)
def test_the_unit_is_asked_where_no_daemon_runs(unit: dict[str, str], missing: str) -> None:
    """What it delegates is what a daemon would get."""
    groups = look(unit)
    assert groups is not None
    assert groups.missing.startswith(missing)
    assert look(None) is None


def test_a_daemon_that_was_started_by_hand_gets_cgroups_from_systemd() -> None:
    """The command starts it as a unit that is made for it."""
    finding = only(findings(Groups("/user.slice was not given to this daemon", ()), None, []))
    assert "systemd-run" in finding.command
    assert "Delegate=yes" in finding.command


@pytest.mark.parametrize("missing", ["there are no cgroups of version 2 here", "/ was not given to this daemon"])
def test_where_no_systemd_runs_none_of_its_programs_is_advised(missing: str) -> None:
    """Neither to start a daemon nor to boot with another option: nobody would do what they ask for."""
    finding = only(findings(Groups(missing, ()), None, [LIMITED], systemd=False))
    assert (finding.severity, finding.command.partition(":")[0]) == (
        Severity.FAULT,
        "# systemd gives cgroups, and does not run here",
    )

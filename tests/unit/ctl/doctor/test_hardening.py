from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipertd.ctl.doctor.finding import Severity
from pipertd.ctl.doctor.hardening import findings
from tests.unit.ctl.doctor.mending import only, pipeline

ROOT = Path(__file__).parents[4]
SHIPPED = {
    "KillMode": "process",
    "RuntimeDirectoryPreserve": "yes",
    "FileDescriptorStoreMax": "4096",
    "PrivateTmp": "no",
    "PrivateDevices": "no",
    "ProtectHome": "yes",
    "TemporaryFileSystem": "/tmp:mode=1777 /var/tmp:mode=1777",
    "MemoryDenyWriteExecute": "no",
    "SystemCallFilter": "memfd_create pidfd_open pidfd_send_signal fallocate sched_setaffinity setpriority read",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_NETLINK AF_UNIX",
}


def test_the_unit_that_ships_bites_nobody() -> None:
    """And where there is no unit there is nothing to say."""
    assert list(findings(SHIPPED, [pipeline(path=("/srv/code",), video="/srv/bikes.mp4")])) == []
    assert list(findings(None, [pipeline(path=("/home/ada",))])) == []


def test_what_is_hidden_is_said_with_who_uses_it() -> None:
    """Homes, what lies in the empty /tmp, and devices: one finding a setting, with all paths and pipelines."""
    unit = {**SHIPPED, "PrivateDevices": "yes"}
    street = pipeline("street", path=("/home/ada/code", "/tmp/more"), device="/dev/video0")
    yard = pipeline("yard", python="/root/venv/bin/python", shm="/dev/shm/x")
    home, tmp, devices = findings(unit, [street, yard])
    assert home.what == "ProtectHome=yes hides /home/ada/code, /root/venv/bin/python: used by street, yard"
    assert "ProtectHome=read-only" in home.command
    assert tmp.what == "TemporaryFileSystem= hides /tmp/more: used by street"
    assert "BindReadOnlyPaths=/tmp/more" in tmp.command
    assert devices.what == "PrivateDevices=yes hides /dev/video0: used by street"
    assert "DeviceAllow=/dev/video0" in devices.command


def test_a_drop_in_that_ships_is_named() -> None:
    """There is one of that name, and the command writes its own to the same place."""
    unit = {**SHIPPED, "PrivateDevices": "yes", "MemoryDenyWriteExecute": "yes"}
    found = list(findings(unit, [pipeline(home="/home/ada/code", device="/dev/video0")]))
    named = [re.findall(r"the drop-in ([\w-]+\.conf)", each.why) for each in found]
    assert named == [["other-user.conf"], ["devices.conf"], ["compilers.conf"]]
    for (name,), finding in zip(named, found, strict=True):
        assert (ROOT / "systemd/drop-ins" / name).is_file()
        assert f"pipertd.service.d/{name}" in finding.command


@pytest.mark.parametrize(
    ("setting", "value", "severity", "mended"),
    [
        ("KillMode", "control-group", Severity.RISK, "KillMode=process"),
        ("RuntimeDirectoryPreserve", "no", Severity.RISK, "RuntimeDirectoryPreserve=yes"),
        ("FileDescriptorStoreMax", "0", Severity.RISK, "FileDescriptorStoreMax=4096"),
        ("PrivateTmp", "yes", Severity.RISK, "PrivateTmp=no"),
        ("MemoryDenyWriteExecute", "yes", Severity.RISK, "MemoryDenyWriteExecute=no"),
        ("SystemCallFilter", "read write", Severity.FAULT, "SystemCallFilter=@system-service"),
        ("RestrictAddressFamilies", "AF_INET", Severity.FAULT, "RestrictAddressFamilies=AF_UNIX"),
    ],
)
def test_a_setting_that_hurts_is_one_finding(setting: str, value: str, severity: Severity, mended: str) -> None:
    """Each has its reason, and a drop-in that takes it back."""
    finding = only(findings({**SHIPPED, setting: value}, []))
    assert finding.severity is severity
    assert mended in finding.command


@pytest.mark.parametrize("setting", ["SystemCallFilter", "RestrictAddressFamilies"])
def test_a_list_of_what_is_forbidden_may_leave_us_alone(setting: str) -> None:
    """`~` begins a list of exceptions."""
    assert list(findings({**SHIPPED, setting: "~ptrace"}, [])) == []

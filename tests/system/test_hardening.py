"""The sandbox of the service: how much of the system is open to it, and that pipelines work in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.service import (
    DEFINITIONS,
    INSTALLED,
    ROOT,
    ROUTINES,
    SETTINGS,
    UNITS,
    delivered,
    flows,
    run,
    start_and_deliver,
    wait_delivery,
)
from tests.waiting import wait_until

DROP_INS = ROOT / "systemd/drop-ins"
NAMES = sorted(path.name for path in DROP_INS.iterdir())
TRYING = """\
pipeline: trying
flows:
  one:
    restart: {{policy: never}}
    routines:
      source: {{class: trying_for_service:Source, params: {{statement: {statement}}}, fps: 1}}
      sink: {{class: trying_for_service:Sink}}
links: [{{from: source, to: [sink]}}]
"""
CODE = """\
import mmap
import socket

from pipertd import DestinationRoutine, SourceRoutine


class Source(SourceRoutine):
    statement: str

    def setup(self):
        exec(self.statement)

    def main_logic(self):
        return {}


class Sink(DestinationRoutine):
    def main_logic(self, data):
        pass
"""
ALLOWED = {(): 3.0, ("10-strict.conf",): 2.0}


def use(*names: str) -> None:
    """Install drop-ins as their heads say."""
    for name in names:
        run("install", "-D", "-m", "644", DROP_INS / name, INSTALLED / name)
    run("systemctl", "daemon-reload")


@pytest.mark.parametrize("names", ALLOWED, ids=["as it ships", "strict"])
def test_it_is_open_to_little(sandbox: None, names: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """By the measure of systemd-analyze what the service could do stays below a bound, and a pipeline works as ever."""
    use(*names)
    told = run("systemd-analyze", "security", "--no-pager", "pipertd.service").splitlines()[-1]
    with capsys.disabled():
        print(f"\n{' and '.join(('pipertd.service', *names))}: {told.strip(' →')}")
    exposure = re.search(r"\d+\.\d+", told)
    assert exposure is not None and float(exposure[0]) <= ALLOWED[names]
    start_and_deliver()


@pytest.mark.parametrize("names", ALLOWED, ids=["as it ships", "strict"])
def test_a_restart_disturbs_no_flow_in_it(sandbox: None, names: tuple[str, ...]) -> None:
    """The next daemon has a sandbox of its own, finds flows in that of the last one, and what they logged."""
    use(*names)
    start_and_deliver()
    before = {name: flow["pid"] for name, flow in flows().items()}
    run("systemctl", "restart", "pipertd")
    assert {name: flow["pid"] for name, flow in flows().items()} == before
    wait_delivery()
    run("journalctl", "--sync")
    assert "flow numbers/front is adopted (generation 1)" in run("pipertctl", "logs")


@pytest.mark.parametrize("name", NAMES)
def test_a_drop_in_is_sound(sandbox: None, name: str) -> None:
    """systemd-analyze finds nothing wrong with the unit under it, and its head says how it is installed."""
    use(name)
    assert not run("systemd-analyze", "verify", "--man=no", UNITS / "pipertd.service")
    head = (DROP_INS / name).read_text().partition("\n\n[Service]")[0]
    assert f"install -D -m 644 {name} {INSTALLED / name}" in head
    assert all(line.startswith("#") for line in head.splitlines())


@pytest.fixture
def trying(sandbox: None) -> Iterator[Callable[[str], None]]:
    """Makes a second pipeline, the one routine of which needs what a statement of Python does."""
    definition, code = DEFINITIONS / "trying.yaml", ROUTINES / "trying_for_service.py"

    def define(statement: str) -> None:
        definition.write_text(TRYING.format(statement=json.dumps(statement)))

    code.write_text(CODE)
    yield define
    definition.unlink()
    code.unlink()


def state_of_the_try() -> str:
    return str(flows()["one"]["state"])


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("tls.conf", "socket.socket(socket.AF_INET)"),
        ("devices.conf", "open('/dev/camera', 'wb')"),
        ("compilers.conf", "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)"),
    ],
)
def test_what_strict_takes_another_gives_back(trying: Callable[[str], None], name: str, statement: str) -> None:
    """A flow that needs it fails in the strict sandbox, and works with the drop-in; others work in both."""
    if not Path("/dev/camera").exists():
        run("mknod", "-m", "666", "/dev/camera", "c", "1", "3")
    trying(statement)
    use("10-strict.conf")
    run("systemctl", "start", "pipertd")
    wait_until(lambda: state_of_the_try() == "FAILED", what="the try to fail")
    wait_until(lambda: delivered() > 10, what="messages pass")
    use(name)
    run("systemctl", "restart", "pipertd")
    run("pipertctl", "restart", "numbers")
    run("pipertctl", "start", "trying")
    wait_until(lambda: state_of_the_try() == "RUNNING", what="the try to work")
    wait_delivery()


def test_shared_memory_is_made_larger(sandbox: None) -> None:
    """At the start of the service, for everybody: three quarters of the memory, with what lies there left alone."""
    run("mount", "-o", "remount,size=64M", "/dev/shm")
    use("shared-memory.conf")
    start_and_deliver()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert shutil.disk_usage("/dev/shm").total == pytest.approx(0.75 * memory, rel=0.1)


def test_another_user(sandbox: None) -> None:
    """The daemon and its flows run as the user that is named, and each socket is still for its group."""
    if subprocess.run(["id", "ada"], check=False, capture_output=True).returncode:
        run("useradd", "--create-home", "ada")
    use("other-user.conf")
    start_and_deliver()
    assert {Path(f"/proc/{flow['pid']}").owner() for flow in flows().values()} == {"ada"}
    assert [Path("/run/pipertd", f"{each}.sock").group() for each in ("control", "observe")] == [
        "pipertd",
        "pipertd-observe",
    ]


def test_tls_under_strict(sandbox: None) -> None:
    """With the network taken away, tls.conf lets a client in by TCP, at the port of the settings."""
    made = json.loads(run("pipertctl", "-o", "json", "tls", "init", "--host", "localhost"))
    SETTINGS.write_text(made["settings"])
    run("chown", "-R", "pipertd", "/etc/pipertd/tls")
    use("10-strict.conf", "tls.conf")
    start_and_deliver()
    folder = Path("/etc/pipertd/tls")
    who = [f"--ca={folder}/ca.pem", f"--cert={folder}/observer.pem", f"--key={folder}/observer.key"]
    assert "numbers" in run("pipertctl", "--address", "localhost:7443", *who, "status")

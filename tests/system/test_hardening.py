"""The sandbox of the service: how much of the system is open to it, and that pipelines work in it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.system.service import INSTALLED, ROOT, SETTINGS, UNITS, flows, run, start_and_deliver

DROP_INS = ROOT / "systemd/drop-ins"
NAMES = sorted(path.name for path in DROP_INS.iterdir())
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


@pytest.mark.parametrize("name", NAMES)
def test_a_drop_in_is_sound(sandbox: None, name: str) -> None:
    """systemd-analyze finds nothing wrong with the unit under it, and its head says how it is installed."""
    use(name)
    assert not run("systemd-analyze", "verify", UNITS / "pipertd.service")
    head = (DROP_INS / name).read_text().partition("\n\n[Service]")[0]
    assert f"install -D -m 644 {name} {INSTALLED / name}" in head
    assert all(line.startswith("#") for line in head.splitlines())


@pytest.mark.parametrize("name", ["tls.conf", "devices.conf", "compilers.conf", "shared-memory.conf"])
def test_a_pipeline_works_under_it_and_strict(sandbox: None, name: str) -> None:
    """What the strictest one takes another one gives back, and neither keeps messages from passing."""
    use("10-strict.conf", name)
    start_and_deliver()


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

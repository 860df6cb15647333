"""The Debian packages: installed, used, upgraded under flows that go on, removed and purged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.service import CODE, DEFINITIONS, ROUTINES, delivered, flows, run, shown
from tests.waiting import wait_until

PACKAGES = Path(os.environ.get("PIPERTD_PACKAGES", ""))
LIBRARY = Path("/usr/lib/pipertd")
STATE = Path("/var/lib/pipertd")
USERS = {"ada": "pipertd", "otto": "pipertd-observe", "eve": ""}
LATE = "numpy.polynomial"  # which numpy itself imports when it is first asked for
UNREACHABLE, NOT_PERMITTED = 3, 7

NUMBERS = """\
pipeline: numbers
flows:
  front: {routines: {count: {class: numbers_for_service:Count, fps: 200}}}
  back: {routines: {note: {class: numbers_for_package:Note}}}
links:
  - {from: count, to: [note]}
"""
NOTE = """\
from importlib import import_module

from pipertd import DestinationRoutine, events


class Note(DestinationRoutine):
    def setup(self):
        self._file = open("/var/lib/pipertd/numbers", "a", buffering=1)

    def main_logic(self, data):
        self._file.write(f"{data['number']}\\n")

    @events("IMPORT")
    def import_late(self, module):
        return import_module(module).__file__
"""


def package(name: str) -> Path:
    (found,) = PACKAGES.glob(f"{name}_*.deb")
    return found.resolve()


def version(of: Path) -> str:
    return run("dpkg-deb", "--field", of, "Version").strip()


def apt(*arguments: str | Path) -> None:
    run("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", *arguments)


def files() -> set[str]:
    """All that there is, but for what the system notes about packages, users and their sessions."""
    notes = (
        *("/etc/group-", "/etc/gshadow-", "/etc/passwd-", "/etc/shadow-", "/etc/subgid-", "/etc/subuid-"),
        *("/var/cache/", "/var/log/", "/var/tmp/"),
        *("/var/lib/PackageKit/", "/var/lib/apt/", "/var/lib/dpkg/", "/var/lib/systemd/linger"),
    )
    folders = ("/etc", "/opt", "/srv", "/usr", "/var", "/run/pipertd")
    walks = (os.walk(folder) for folder in folders)
    found = {f"{folder}/{name}" for walk in walks for folder, inner, names in walk for name in (*inner, *names)}
    return {path for path in found if not path.startswith(notes)}


@pytest.fixture(scope="session")
def files_before() -> set[str]:
    return files()


@pytest.fixture(scope="session")
def installed(files_before: set[str]) -> None:
    """Both packages, as an administrator installs them, and users who may do this and that."""
    Path("/usr/sbin/policy-rc.d").unlink(missing_ok=True)  # of images in which no service may start
    apt("install", package("pipertd"), package("pipertd-examples"))
    for user, group in USERS.items():
        run("useradd", "--no-create-home", "--groups", group, user)


def count() -> None:
    """Have a pipeline run that counts, and notes each number that came."""
    (STATE / "numbers").unlink(missing_ok=True)
    (ROUTINES / "numbers_for_service.py").write_text(CODE)
    (ROUTINES / "numbers_for_package.py").write_text(NOTE)
    (DEFINITIONS / "numbers.yaml").write_text(NUMBERS)
    run("pipertctl", "reload")
    wait_until(lambda: delivered() > 10, what="numbers come")


@pytest.fixture
def numbers(installed: None) -> Iterator[None]:
    count()
    yield
    (DEFINITIONS / "numbers.yaml").unlink()
    run("pipertctl", "reload")


def asked_by(user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["runuser", "-u", user, "--", "pipertctl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("installed")
def test_the_service_is_up_and_idle() -> None:
    """After the installation the daemon serves, also after a boot, and the street is not watched unasked."""
    assert (shown("ActiveState"), shown("UnitFileState")) == ("active", "enabled")
    assert flows() == {}
    assert Path("/run/pipertd/control.sock").owner() == "pipertd"
    assert STATE.stat().st_mode & 0o777 == 0o750


@pytest.mark.usefixtures("installed")
def test_everything_is_in_its_place() -> None:
    """Manual pages, completions, the schema, the protos and the settings are where each is looked for."""
    pages = (
        "pipertctl(1)",
        "pipertd(8)",
        "pipertd-http(8)",
        "pipertd.pipeline(5)",
        "pipertd.toml(5)",
        "pipertd.conf(5)",
    )
    assert len(run("man", "--where", *pages).splitlines()) == len(pages)
    share = Path("/usr/share")
    for each in (
        "bash-completion/completions/pipertctl",
        "zsh/vendor-completions/_pipertctl",
        "fish/vendor_completions.d/pipertctl.fish",
        "pipertd/drop-ins/10-strict.conf",
        "pipertd/protos/pipertd/v1/pipeline.proto",
    ):
        assert (share / each).stat().st_size
    assert json.loads((share / "pipertd/pipeline.schema.json").read_text()) == json.loads(run("pipertctl", "schema"))
    kept = run("dpkg-query", "--show", "--showformat=${Conffiles}", "pipertd")
    assert kept.split()[::2] == ["/etc/pipertd/pipertd.toml"]


@pytest.mark.usefixtures("numbers")
def test_http_is_served_when_it_is_wanted() -> None:
    """Unasked it is off; started, it tells what observe.sock tells."""
    states = run("systemctl", "show", "--value", "--property=ActiveState,UnitFileState", "pipertd-http").split()
    assert states == ["inactive", "disabled"]
    run("systemctl", "start", "pipertd-http")
    try:
        (told,) = json.loads(run("curl", "--silent", "http://127.0.0.1:7480/v1/pipelines"))["pipelines"]
        assert told["name"] == "numbers"
    finally:
        run("systemctl", "stop", "pipertd-http")


@pytest.mark.usefixtures("numbers")
def test_a_group_is_a_role() -> None:
    """Members of `pipertd` may do all, those of `pipertd-observe` may look, and nobody else may do either."""
    observe = ("--address", "unix:///run/pipertd/observe.sock")
    assert asked_by("ada", "restart", "numbers/back").returncode == 0
    assert asked_by("otto", *observe, "status").returncode == 0
    assert asked_by("otto", *observe, "stop", "numbers").returncode == NOT_PERMITTED
    for user, door in (("otto", ()), ("eve", ()), ("eve", observe)):
        assert asked_by(user, *door, "status").returncode == UNREACHABLE


@pytest.mark.usefixtures("installed")
def test_the_street_is_watched_when_it_is_enabled() -> None:
    """`pipertctl enable street --now` is all that it takes until its pictures lie in the daemon's folder.

    What each of its flows did stands in the journal, by its fields.
    """
    street = STATE / "street"
    run("pipertctl", "enable", "street", "--now")
    try:
        wait_until(lambda: delivered() > 10, what="frames pass")
        wait_until((street / "contact-sheet.png").exists, what="the pictures are made")
        assert len((street / "objects.jsonl").read_text().splitlines()) == 250
        assert all(messages_of("street", flow) for flow in flows())
    finally:
        run("pipertctl", "disable", "street", "--now")
    assert flows() == {}


def messages_of(pipeline: str, flow: str) -> list[str]:
    lines = run("journalctl", "-o", "json", f"PIPERTD_PIPELINE={pipeline}", f"PIPERTD_FLOW={flow}").splitlines()
    return [json.loads(line)["MESSAGE"] for line in lines]


@pytest.fixture
def newer(installed: None, tmp_path: Path) -> Path:
    """What a build of the next version would be like; it has no part LATE of numpy any more."""
    tree, old = tmp_path / "newer", version(package("pipertd"))
    new = f"{old}+1"
    run("dpkg-deb", "--raw-extract", package("pipertd"), tree)
    environment = tree / "usr/lib/pipertd/environment"
    (late,) = environment.glob(f"lib/python3.*/site-packages/{LATE.replace('.', '/')}")
    shutil.rmtree(late)
    programs = (environment / "bin").glob("pipert*")
    for path in (tree / "DEBIAN/control", tree / "DEBIAN/postinst", *programs):
        path.write_text(
            path.read_text().replace(f"environment-{old}", f"environment-{new}").replace(f": {old}\n", f": {new}\n")
        )
    made = tmp_path / "newer.deb"
    run("dpkg-deb", "-Znone", "--build", tree, made)
    return made


def twin_of(pid: int) -> str:
    """The version that a process was started from."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("/")[4].removeprefix("environment-")


def imported(module: str) -> Path:
    event = ("event", "--timeout", "120", "IMPORT", "numbers/back", f"module={module}")
    answers = json.loads(run("pipertctl", "-o", "json", *event))
    return Path(answers[0]["value"])


@pytest.mark.usefixtures("numbers")
def test_an_upgrade_stops_no_flow(newer: Path) -> None:
    """A newer package brings a new daemon to flows that go on, of which no number is missing and none comes twice.

    What they import later is of the version that they were started from; that goes when nobody runs from it any more.
    """
    daemon, old, (before, after) = int(shown("MainPID")), pids(), (version(package("pipertd")), version(newer))
    so_far = delivered()
    apt("install", newer)
    assert int(shown("MainPID")) != daemon
    assert twin_of(int(shown("MainPID"))) == after
    assert pids() == old
    wait_until(lambda: delivered() > so_far + 100, what="numbers come")
    assert imported(LATE).is_relative_to(LIBRARY / f"environment-{before}")
    noted = [int(line) for line in (STATE / "numbers").read_text().split()]
    assert noted == list(range(len(noted)))
    run("pipertctl", "restart", "numbers")
    assert {twin_of(pid) for pid in pids().values()} == {after}
    run("dpkg-reconfigure", "pipertd")
    assert list(LIBRARY.glob("environment-*")) == [LIBRARY / f"environment-{after}"]


def pids() -> dict[str, Any]:
    return {name: flow["pid"] for name, flow in flows().items()}


@pytest.mark.usefixtures("installed")
def test_removed_it_runs_no_more_and_purged_it_leaves_nothing(files_before: set[str]) -> None:
    """A removal stops all flows and leaves what is the administrator's; a purge leaves no file at all."""
    count()
    apt("remove", "pipertd", "pipertd-examples")
    assert not Path("/sys/fs/cgroup/system.slice/pipertd.service").exists()
    assert not LIBRARY.exists()
    assert (DEFINITIONS / "numbers.yaml").exists()
    apt("purge", "pipertd", "pipertd-examples")
    assert files() - files_before == set()

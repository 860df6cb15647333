"""``pipertctl tls init``: files on disk, and what it says of them."""

from __future__ import annotations

import json
import resource
import stat
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest

from pipertd.certificates import Purpose, is_signed_by, names_of, read_pem

ROLES = ("observer", "operator", "admin")


def tls(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipertd.ctl", "tls", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def init(*arguments: str) -> subprocess.CompletedProcess[str]:
    return tls("init", *arguments)


def test_what_is_made_can_be_used_by_both_sides(tmp_path: Path) -> None:
    """One CA signed all; the daemon's certificate has every host, a client's the name of its role; keys are secret."""
    folder = tmp_path / "new" / "tls"
    assert init("--dir", str(folder), "--host", "cam7.example", "--host", "192.0.2.7").returncode == 0
    ca = folder / "ca.pem"
    server = read_pem(folder / "server.pem", folder / "server.key", ca, Purpose.SERVER)
    assert names_of(server.certificate) == ("cam7.example", "localhost")
    for role in ROLES:
        client = read_pem(folder / f"{role}.pem", folder / f"{role}.key", ca, Purpose.CLIENT)
        assert names_of(client.certificate) == (role,)
        assert is_signed_by(client.certificate, client.ca)
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.glob("*.key")} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_settings_it_prints_are_those_of_its_files(tmp_path: Path) -> None:
    """Both as people read them and in the document stands a table [tls] that gives each certificate its role."""
    told = init("--dir", str(tmp_path / "a"), "-o", "json")
    document = json.loads(told.stdout)
    assert sorted(Path(file).name for file in document["files"]) == sorted(
        f"{name}.{ending}" for name in ("ca", "server", *ROLES) for ending in ("pem", "key")
    )
    tls = tomllib.loads(document["settings"])["tls"]
    assert tls["roles"] == {role: [role] for role in ROLES}
    assert [Path(tls[key]).exists() for key in ("certificate", "key", "ca")] == [True, True, True]
    shown = init("--dir", str(tmp_path / "b"), "--host", "cam7.example").stdout
    assert f'certificate = "{tmp_path}/b/server.pem"' in shown
    assert "pipertctl --address cam7.example:7443 --ca ca.pem --cert admin.pem --key admin.key status" in shown


@pytest.mark.parametrize("there", ["ca.pem", "admin.key"])
def test_nothing_is_overwritten(tmp_path: Path, there: str) -> None:
    """One file of a name that is needed stops it before it has made any, and it says which."""
    (tmp_path / there).write_text("mine")
    done = init("--dir", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"cannot make {tmp_path / there}: it is there, and nothing is overwritten (" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "mine"


def test_a_disk_that_is_full_leaves_no_half(tmp_path: Path) -> None:
    """Where a file cannot be written whole none is left, so that it can be tried again."""
    folder = tmp_path / "tls"
    done = subprocess.run(
        [sys.executable, "-m", "pipertd.ctl", "tls", "init", "--dir", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (650, 650)),  # the CA has room
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert list(folder.iterdir()) == []


NO_HOSTS = (
    *("häh", "a b", "", " ", "cam7:7443", "https://cam7", "-cam", "cam-", "cam..example", "cam7.example.", "*"),
    *("10.0.0.0/8", "[::1]", "a" * 64, ".".join(["a" * 50] * 6), "cam\n7"),
)


@pytest.mark.parametrize("host", NO_HOSTS)
def test_a_host_that_is_none_is_a_mistake_of_usage(tmp_path: Path, host: str) -> None:
    """What is no name of a host is refused in one line that says what is one, and no folder is made."""
    done = init("--dir", str(tmp_path / "tls"), "--host", "cam7", "--host", host)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is no name of a host and no IP address; give what clients write in front of the port" in done.stderr
    assert not (tmp_path / "tls").exists()


@pytest.mark.parametrize(
    "host", ["cam7", "my_host", "xn--hh-via.example", "*.example", "::1", "a" * 63 + "." + "b" * 63, "7.example"]
)
def test_a_host_that_is_one_is_in_the_certificate(tmp_path: Path, host: str) -> None:
    """Names, wildcards and addresses, however long a name may be."""
    assert init("--dir", str(tmp_path), "--host", host).returncode == 0
    names = names_of((tmp_path / "server.pem").read_bytes())
    assert names == (("localhost",) if host == "::1" else (host, "localhost"))


def test_one_more_certificate_is_signed_by_the_same_ca(tmp_path: Path) -> None:
    """`tls issue` makes a client's or, with a host, a daemon's; it never overwrites either."""
    folder, ca = ("--dir", str(tmp_path)), tmp_path / "ca.pem"
    init(*folder)
    done = tls("issue", "kim", *folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith('give "kim" a role under [tls.roles], and restart the daemon\n')
    kim = read_pem(tmp_path / "kim.pem", tmp_path / "kim.key", ca, Purpose.CLIENT)
    assert names_of(kim.certificate) == ("kim",)
    assert is_signed_by(kim.certificate, kim.ca)
    assert tls("issue", "next", "--host", "cam8.example", *folder).returncode == 0
    daemon = read_pem(tmp_path / "next.pem", tmp_path / "next.key", ca, Purpose.SERVER)
    assert names_of(daemon.certificate) == ("cam8.example",)
    for name in ("kim", "ca"):
        again = tls("issue", name, *folder)
        assert (again.returncode, again.stdout) == (1, "")
        assert f"cannot make {tmp_path}/{name}.pem: it is there, and nothing is overwritten (" in again.stderr


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [("../kim", 2, "a name is letters, digits, dots and dashes"), ("kim", 1, "ca.key: no such file or directory")],
)
def test_nothing_is_issued_without_a_name_and_a_ca(tmp_path: Path, name: str, code: int, words: str) -> None:
    """What is wrong is one line, and no file is made."""
    done = tls("issue", name, "--dir", str(tmp_path / "tls"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []

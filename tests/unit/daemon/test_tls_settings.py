"""The table [tls]: each mistake is one clear error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipertd.control.roles import Role
from pipertd.ctl.certificates import new_ca
from pipertd.daemon.settings import read_settings
from pipertd.errors import SettingsError
from tests.process.authorities import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def problem(file: Path, text: str) -> str:
    file.write_text(text)
    with pytest.raises(SettingsError) as found:
        read_settings(file, {})
    return str(found.value).removeprefix(f"cannot read settings: {file}: ")


def test_what_is_said_is_read(authority: Authority, tmp_path: Path) -> None:
    """Names have the roles under which they stand."""
    (tmp_path / "pipertd.toml").write_text(authority.settings())
    tls = read_settings(tmp_path / "pipertd.toml", {}).tls
    assert tls is not None
    assert tls.listen == "127.0.0.1:0"
    assert tls.roles == {"olga": Role.OBSERVER, "otto": Role.OPERATOR, "anna": Role.ADMIN}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"127.0.0.1:0"', '"7443"', "[tls] listen must be \"HOST:PORT\", not '7443'"),
        ('"127.0.0.1:0"', '"h:99999"', "[tls] listen must be \"HOST:PORT\", not 'h:99999'"),
        ('listen = "127.0.0.1:0"\n', "", "[tls]: listen is missing (it has: listen, certificate, key, ca, roles)"),
        ("listen =", "port = 1\nlisten =", "[tls]: unknown port (it has: listen, certificate, key, ca, roles)"),
        ('"anna"', '"olga"', "[tls.roles]: 'olga' is both observer and admin"),
        ('["anna"]', '"anna"', "[tls.roles] admin must be a list of names, not 'anna'"),
        ("admin =", "root =", "[tls.roles] must give lists of names to observer, operator, admin"),
    ],
)
def test_a_mistake_is_named(authority: Authority, tmp_path: Path, old: str, new: str, words: str) -> None:
    """The error says the key, what it should be, and what it is."""
    assert problem(tmp_path / "pipertd.toml", authority.settings().replace(old, new)).startswith(words)


def test_a_door_for_nobody_is_refused(authority: Authority, tmp_path: Path) -> None:
    """To listen where no name has a role is a mistake, not a safe default."""
    assert problem(tmp_path / "pipertd.toml", authority.settings({})).startswith("[tls.roles] names nobody")


def _expired(authority: Authority) -> None:
    authority.server(days=-1)


def _expired_ca(authority: Authority) -> None:
    authority.write("ca", new_ca("ca", days=-1))


def _other_key(authority: Authority) -> None:
    authority.server(name="other")
    (authority.folder / "server.key").write_bytes((authority.folder / "other.key").read_bytes())


def _open_key(authority: Authority) -> None:
    (authority.folder / "server.key").chmod(0o644)


def _no_file(authority: Authority) -> None:
    (authority.folder / "server.pem").unlink()


def _no_certificate(authority: Authority) -> None:
    (authority.folder / "ca.pem").write_text("not a certificate\n")


def _no_key(authority: Authority) -> None:
    (authority.folder / "server.key").write_text("not a key\n")


@pytest.mark.parametrize(
    ("spoil", "file", "words"),
    [
        (_expired, "server.pem", "it has expired at"),
        (_expired_ca, "ca.pem", "it has expired at"),
        (_other_key, "server.key", "it is not the key of"),
        (_open_key, "server.key", "others may use this key; chmod o="),
        (_no_file, "server.pem", "no such file or directory"),
        (_no_certificate, "ca.pem", "it holds no certificate in PEM"),
        (_no_key, "server.key", "it holds no private key in PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    authority: Authority, tmp_path: Path, spoil: Callable[[Authority], None], file: str, words: str
) -> None:
    """The error says the file and what is wrong with it."""
    text = authority.settings()
    spoil(authority)
    assert problem(tmp_path / "pipertd.toml", text).startswith(f"[tls]: cannot use {authority.folder / file}: {words}")


def test_a_client_s_certificate_does_not_serve(authority: Authority, tmp_path: Path) -> None:
    """What a certificate was made for is looked at before anybody's handshake fails of it."""
    text = authority.settings()
    certificate, key = authority.client("anna")
    text = text.replace(str(authority.folder / "server.pem"), str(certificate))
    text = text.replace(str(authority.folder / "server.key"), str(key))
    assert problem(tmp_path / "pipertd.toml", text) == f"[tls]: cannot use {certificate}: it was not made for a server"

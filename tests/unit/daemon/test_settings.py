"""Where the daemon's settings come from."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipertd import daemon
from pipertd.daemon.__main__ import app
from pipertd.daemon.settings import Settings, read_settings
from pipertd.errors import SettingsError


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "pipertd.toml"
    file.write_text(text)
    return file


def uncommented() -> str:
    """The settings that ship, as if somebody had taken the sign off each of them."""
    shipped = Path(daemon.__file__).with_name("pipertd.toml").read_text()
    return re.sub(r"^#(?=[a-z[])", "", shipped, flags=re.MULTILINE)


def test_what_ships_are_the_built_in_settings(tmp_path: Path) -> None:
    """As it is the file changes nothing, nor does taking a sign off; of the door over TCP only files are missing."""
    settings = uncommented().partition("[tls]")[0]
    assert read_settings(written(tmp_path, settings), {}) == Settings()
    assert read_settings(Path(daemon.__file__).with_name("pipertd.toml"), {}) == Settings()
    assert len(tomllib.loads(settings)) == len(fields(Settings)) - 1
    with pytest.raises(SettingsError, match=r"\[tls\]: cannot use /etc/pipertd/tls/server.pem: "):
        read_settings(written(tmp_path, uncommented()), {})


def test_command_line_goes_over_file_over_built_in(tmp_path: Path) -> None:
    """The nearer wish wins, one by one."""
    file = written(
        tmp_path,
        'definitions = "/a"\nstate_dir = "/b"\norphan_timeout = "2min"\nquarantine_limit = "2G"\nlogs = "auto"\n',
    )
    settings = read_settings(file, {"state_dir": Path("/c"), "runtime_dir": None})
    assert settings == Settings((Path("/a"),), Settings.runtime_dir, Path("/c"), 120.0, 2 << 30, "auto")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour = 1", "unknown colour"),
        ("state_dir = 1", "state_dir must be a folder"),
        ("definitions = [1]", "definitions must be a list of folders"),
        ("orphan_timeout = -1", "orphan_timeout cannot be -1: a duration is"),
        ("logs = 'syslog'", "logs must be one of auto, file, journal, not 'syslog'"),
        ("logs = true", "logs must be one of auto, file, journal, not True"),
        ("quarantine_limit = 0", "quarantine_limit cannot be 0: a size is"),
        ('runtime_dir = ""', "runtime_dir must be a folder, not ''"),
        ("x =", "Invalid value"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, reason: str) -> None:
    """A setting that cannot be used is refused with the file and the reason."""
    file = written(tmp_path, text)
    with pytest.raises(SettingsError, match=f"{file}: .*{reason}"):
        read_settings(file, {})


def test_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    """A wrong --config is an error, not the built-in settings."""
    with pytest.raises(SettingsError, match="there is no file"):
        read_settings(tmp_path / "none.toml", {})


def test_folders_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message of the daemon's is read by people who stand elsewhere."""
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path, 'definitions = ["a", "/b"]\nstate_dir = "c"\n')
    settings = read_settings(file, {"runtime_dir": Path("run")})
    assert settings.definitions == (tmp_path / "a", Path("/b"))
    assert (settings.runtime_dir, settings.state_dir) == (tmp_path / "run", tmp_path / "c")
    assert read_settings(file, {"definitions": (Path("d"),)}).definitions == (tmp_path / "d",)


def test_the_help_has_the_built_in_folders() -> None:
    """Who starts a daemon by hand reads where it will look and write."""
    help_text = " ".join(CliRunner().invoke(app, ["serve", "-h"]).output.split())
    for folder in (*Settings.definitions, Settings.runtime_dir, Settings.state_dir):
        assert str(folder) in help_text

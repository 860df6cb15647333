"""Where the daemon's settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipertd.daemon.settings import Settings, read_settings
from pipertd.errors import SettingsError


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "pipertd.toml"
    file.write_text(text)
    return file


def test_command_line_goes_over_file_over_built_in(tmp_path: Path) -> None:
    """The nearer wish wins, one by one."""
    file = written(tmp_path, 'definitions = "/a"\nstate_dir = "/b"\norphan_timeout = "2min"\nquarantine_limit = "2G"\n')
    settings = read_settings(file, {"state_dir": Path("/c"), "runtime_dir": None})
    assert settings == Settings((Path("/a"),), Settings.runtime_dir, Path("/c"), 120.0, 2 << 30)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("colour = 1", "unknown colour"),
        ("state_dir = 1", "state_dir must be a folder"),
        ("definitions = [1]", "definitions must be a list of folders"),
        ("orphan_timeout = -1", "a duration is"),
        ("quarantine_limit = 0", "a size is"),
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

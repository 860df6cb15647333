"""The manual pages: nothing is missing in them, and a terminal shows them as they are meant."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from pipertd.ctl.app import app
from pipertd.ctl.exits import MEANINGS
from pipertd.definition.json_schema import json_schema
from pipertd.manual import roff
from pipertd.manual.pages import pages
from tests.unit.ctl.test_contract import commands
from tests.unit.daemon.test_settings import uncommented

DOCS = Path(__file__).parents[3] / "docs"
NAMES = ["pipertctl.1", "pipertd.8", "pipertd-http.8", "pipertd.pipeline.5", "pipertd.toml.5"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    for name, content in pages().items():
        (folder / name).write_text(content)
    return folder


def shown(page: Path) -> str:
    """What a terminal of 80 columns shows, in one line."""
    if shutil.which("groff") is None:
        pytest.skip("there is no groff here")
    done = subprocess.run(
        ["groff", "-ww", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", str(page)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stderr == ""
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("name", NAMES)
def test_pages_have_no_mistakes(folder: Path, name: str) -> None:
    """Neither groff nor mandoc, which are stricter than readers, has anything to say."""
    assert shown(folder / name)
    if shutil.which("mandoc") is None:
        pytest.skip("there is no mandoc here")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", str(folder / name)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_every_command_is_in_the_manual(folder: Path) -> None:
    """With how it is called, and each exit code."""
    page = shown(folder / "pipertctl.1")
    for name in commands(app):
        assert page.count(f"pipertctl {name}") >= 2
    assert "--follow" in page, "and the signs that are to be typed are those that stand there"
    assert "pipertd serve" in shown(folder / "pipertd.8")


def test_every_key_is_in_the_manual(folder: Path) -> None:
    """Of a definition and of all sections in it."""
    schema = json_schema()
    page = shown(folder / "pipertd.pipeline.5")
    for section in (schema, *schema["$defs"].values()):
        for key in section.get("properties", ()):
            assert f"{key}: " in page


def test_every_setting_is_in_the_manual(folder: Path) -> None:
    """With what it is where it is left out, but for a door over TCP, which there is none of."""
    page = shown(folder / "pipertd.toml.5")
    for key, value in tomllib.loads(uncommented()).items():
        assert f" {key} " in page
        assert isinstance(value, dict) or f"If left out: {json.dumps(value)}" in page
    assert "[tls] listen" in page


def test_exit_codes_are_those_of_the_documents() -> None:
    """docs/pipertctl.md and the manual say the same of each."""
    table = re.findall(r"^\| (\d+) \| (.+) \|$", (DOCS / "pipertctl.md").read_text(), re.MULTILINE)
    assert [(int(code), meaning) for code, meaning in table] == list(MEANINGS.items())


@pytest.mark.parametrize("words", [".SH is a macro", "'quoted'", "a \\fBtrap\\fP", "--wide", "`code` and `more`"])
def test_text_is_text(words: str, tmp_path: Path) -> None:
    """Whatever it looks like, it is shown as it is."""
    page = tmp_path / "page.1"
    page.write_text("\n".join([*pages()["pipertd.8"].splitlines()[:3], ".SH TEXT", *roff.paragraphs(words)]) + "\n")
    assert words.replace("`", "") in shown(page)

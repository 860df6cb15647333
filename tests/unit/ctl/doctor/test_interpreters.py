from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pipertd
from pipertd import __version__
from pipertd.ctl.doctor.finding import Severity
from pipertd.ctl.doctor.interpreters import Interpreter, findings, look
from tests.unit.ctl.doctor.mending import only, pipeline


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing in it."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    return folder


def test_an_interpreter_without_pipertd_is_found(bare: Path) -> None:
    """Pipelines that share it are one finding; with pipertd in it nothing is left to be said."""
    python = str(bare / "bin" / "python")
    users = [pipeline("a", python=python), pipeline("b", python=python), pipeline("c")]
    finding = only(findings(look(users)))
    assert finding.what == f"{python} (used by a, b) has no pipertd"
    assert finding.command == f"{python} -m pip install pipertd=={__version__}"
    (packages,) = bare.glob("lib/python*/site-packages")
    ours = [str(Path(pipertd.__file__).parents[1]), *(each for each in sys.path if each.endswith("site-packages"))]
    (packages / "pipertd.pth").write_text("\n".join(ours))  # as an editable installation does
    try:
        assert list(findings(look(users))) == []
    finally:
        (packages / "pipertd.pth").unlink()


def test_an_interpreter_that_is_gone_is_made_anew(tmp_path: Path) -> None:
    """A virtual environment whose Python went with an upgrade of the system is told from one that lacks pipertd."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/usr/bin/python2.6")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    finding = only(findings(look([pipeline(python=str(python))])))
    assert finding.what == f"{python} (used by street) cannot be used: no such file or directory"
    assert finding.command.startswith(f"python3 -m venv {tmp_path / 'venv'} && {python} -m pip install pipertd==")
    named = only(findings(look([pipeline(python="/nowhere/python")])))
    usr = only(findings(look([pipeline(python="/usr/bin/python2.6")])))
    assert usr.command.startswith("#"), "no virtual environment is made over what is none"
    assert named.command == "# name an interpreter that is there under `python:` of street"


def test_a_broken_pipertd_says_what_it_lacks(bare: Path) -> None:
    """A pipertd without the packages that it imports cannot run a flow either."""
    (packages,) = bare.glob("lib/python*/site-packages")
    (packages / "pipertd.pth").write_text(str(Path(pipertd.__file__).parents[1]))
    try:
        finding = only(findings(look([pipeline(python=str(bare / "bin" / "python"))])))
    finally:
        (packages / "pipertd.pth").unlink()
    assert "cannot be used: ModuleNotFoundError: No module named " in finding.what


def test_another_version_is_a_risk() -> None:
    """It works until the two sides have something new to say."""
    finding = only(findings([Interpreter("/v/bin/python", ("street",), "0.0.9")]))
    assert (finding.severity, finding.subject) == (Severity.RISK, "interpreters")

"""What pipertctl new makes works as it is: its own tests say so, and the tools that this repository is held to."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CTL = ("-m", "pipertd.ctl")


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize(("name", "module"), [("back-yard", "back_yard"), ("numbers", "numbers")])
def test_a_new_pipeline_runs_and_passes_its_test(tmp_path: Path, name: str, module: str) -> None:
    """Its definition is valid, and its test runs it to the end in processes of its own."""
    made = python(tmp_path, *CTL, "new", "pipeline", name, "-o", "json")
    files = [f"{name}/{name}.yaml", f"{name}/{module}_routines.py", f"{name}/test_{module}.py"]
    assert json.loads(made.stdout) == {"files": files}
    checked = python(tmp_path, *CTL, "check", name)
    assert (checked.returncode, checked.stdout) == (0, f"{name}/{name}.yaml: {name} is valid\n")
    tested = python(tmp_path / name, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout
    assert "3 passed" in tested.stdout


@pytest.mark.parametrize("kind", ["source", "middle", "destination"])
def test_a_new_routine_passes_its_test(kind: str, tmp_path: Path) -> None:
    """Of each kind, and the two lie beside each other."""
    made = python(tmp_path, *CTL, "new", "routine", "BlurFaces", "--kind", kind)
    assert made.stdout.splitlines()[:2] == ["made blur_faces.py", "made test_blur_faces.py"]
    tested = python(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tested.returncode == 0, tested.stdout


def test_where_there_is_no_pytest_it_is_said_how_to_have_it(tmp_path: Path) -> None:
    """What is printed can be run as it is."""
    program = (
        "import sys; from pipertd.ctl.__main__ import main\n"
        "if sys.argv.pop(1) == 'without': sys.modules['pytest'] = None\n"
        "main()"
    )
    for how, command in (("without", "pip install pytest && python -m pytest ."), ("with", "python -m pytest .")):
        made = python(tmp_path, "-c", program, how, "new", "routine", f"eye_{how}")
        assert made.stdout.splitlines()[-1] == f"test: {command}"


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """Where one file is in the way none is written, and the error names it."""
    (tmp_path / "test_eye.py").write_text("mine")
    refused = python(tmp_path, *CTL, "new", "routine", "eye")
    assert (refused.returncode, refused.stderr) == (
        1,
        "pipertctl: cannot make eye: test_eye.py is there already; nothing is written\n",
    )
    assert [each.name for each in tmp_path.iterdir()] == ["test_eye.py"]
    assert (tmp_path / "test_eye.py").read_text() == "mine"
    assert python(tmp_path, *CTL, "new", "pipeline", "json/../x").returncode == 2


def test_what_is_made_is_as_clean_as_we_are(tmp_path: Path) -> None:
    """Linter, formatter and mypy --strict have nothing to say of it, by this repository's own rules."""
    python(tmp_path, *CTL, "new", "pipeline", "yard", "--dir", ".")
    for kind in ("source", "middle", "destination"):
        python(tmp_path, *CTL, "new", "routine", f"a-{kind}", "--kind", kind)
    config = str(ROOT / "pyproject.toml")
    linted = python(tmp_path, "-m", "ruff", "check", "--no-cache", "--config", config, ".")
    assert linted.returncode == 0, linted.stdout
    formatted = python(tmp_path, "-m", "ruff", "format", "--no-cache", "--check", "--config", config, ".")
    assert formatted.returncode == 0, formatted.stdout
    files = sorted(each.name for each in tmp_path.glob("*.py"))
    settings = tmp_path / "mypy.ini"
    settings.write_text(f"[mypy]\nmypy_path = {ROOT}\n")  # an editable install is hidden from mypy
    strictly = ("--strict", "--config-file", str(settings), "--cache-dir", str(tmp_path / "cache"))
    typed = python(tmp_path, "-m", "mypy", *strictly, *files)
    assert typed.returncode == 0, typed.stdout

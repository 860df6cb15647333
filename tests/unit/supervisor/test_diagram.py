"""The lifecycle's diagram in the docs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipertd.supervisor.diagram import DIAGRAM, diagram
from pipertd.supervisor.lifecycle import TABLE


@pytest.fixture
def page(tmp_path: Path) -> Path:
    return Path(shutil.copy(DIAGRAM.page, tmp_path))


def test_diagram_shows_every_row() -> None:
    """The diagram leaves nothing out."""
    assert diagram().count("-->") == 1 + sum(map(len, TABLE.values()))


def test_docs_show_the_table() -> None:
    """The diagram in the docs is that of this version."""
    assert DIAGRAM.main(["--check"]) == 0
    assert f"```mermaid\n{diagram()}```" in DIAGRAM.page.read_text()


def test_stale_diagram_is_refused_and_renewed(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page that shows another table fails the check, which says what mends it; and writing mends it."""
    fresh = page.read_text()
    page.write_text(fresh.replace("RUNNING --> EXITED", "RUNNING --> FAILED"))
    assert DIAGRAM.main(["--check", str(page)]) == 1
    assert capsys.readouterr().err == f"stale: the diagram in {page}; run `make diagram`\n"
    assert DIAGRAM.main([str(page)]) == 0
    assert page.read_text() == fresh
    assert DIAGRAM.main(["--check", str(page)]) == 0


def test_page_without_markers_is_left_alone(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the diagram belongs is never guessed."""
    page.write_text("# Supervision\n")
    assert DIAGRAM.main([str(page)]) == 1
    assert "it does not have the lines" in capsys.readouterr().err
    assert page.read_text() == "# Supervision\n"

"""Params: what a class takes, and what is made of the values that a definition gives."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pipertd import SourceRoutine
from pipertd.errors import LoadError
from pipertd.flow.loader import build, load_class, wrong_params

if TYPE_CHECKING:
    from decimal import Decimal


MISTAKES = "mistaken_routines"


class Camera(SourceRoutine):
    """Has a param of every kind that a definition can give."""

    width: int
    gain: float = 1.0
    folder: Path | None = None
    size: tuple[int, int] = (0, 0)
    mode: Literal["day", "night"] = "day"
    labels: dict[int, str] = {}  # noqa: RUF012 - a default
    names: set[str] = set()  # noqa: RUF012
    hook: Any = None

    def main_logic(self) -> Any:
        """Nothing."""


class Unresolved(SourceRoutine):
    """Annotated with what only type checkers import."""

    source: Decimal
    width: int = 1


class Fails(SourceRoutine):
    """Its constructor refuses."""

    def __init__(self, width: int) -> None:
        raise RuntimeError(f"no camera is {width} wide")


@pytest.mark.parametrize(
    ("name", "given", "becomes"),
    [
        ("gain", 2, 2.0),
        ("folder", "out", Path("out")),
        ("folder", None, None),
        ("size", [3, 4], (3, 4)),
        ("mode", "night", "night"),
        ("labels", {1: "car"}, {1: "car"}),
        ("names", ["a", "b"], {"a", "b"}),
        ("hook", [1, "x"], [1, "x"]),
    ],
)
def test_a_param_becomes_what_its_annotation_says(name: str, given: object, becomes: object) -> None:
    """YAML has few types; the annotation says which of Python's is meant."""
    camera = build(Camera, {"width": 640, name: given})
    assert getattr(camera, name) == becomes
    assert type(getattr(camera, name)) is type(becomes)


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("width", "wide", "'wide' as param 'width', because it is no int"),
        ("width", True, "True as param 'width', because it is no int"),
        ("folder", 7, "it is no pathlib.Path | None"),
        ("size", [3], "it is no tuple[int, int]"),
        ("size", [3, "x"], "[1] is no tuple[int, int]"),
        ("mode", "dusk", "it is no typing.Literal['day', 'night']"),
        ("labels", {"one": "car"}, "is no dict[int, str]"),
        ("colour", "red", "unknown param 'colour' (there are: width, "),
    ],
)
def test_what_does_not_fit_is_said(name: str, given: object, problem: str) -> None:
    """A wrong value or name is told in words, and no routine is made."""
    params = {"width": 640, name: given}
    assert [problem in wrong.text for wrong in wrong_params(Camera, params)] == [True]
    with pytest.raises(LoadError, match="cannot make Camera"):
        build(Camera, params)


def test_what_cannot_be_evaluated_is_not_checked() -> None:
    """An annotation that exists for type checkers only does not keep a class from being used."""
    assert build(Unresolved, {"source": "anything", "width": 3}).width == 3  # type: ignore[attr-defined]
    assert [wrong.kind for wrong in wrong_params(Unresolved, {})] == ["missing"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Named", "'kind' is pipertd's own name in a routine"),
        ("Misspelt", 'acknowledge is "auto" or "manual", not \'maunal\''),
        ("Writes", "writable is True or False, not 'yes'"),
        ("Waits", "it is no coroutine and no generator"),
        ("Yields", "it is no coroutine and no generator"),
        ("Blind", "main_logic of a destination takes one message beside self"),
        ("Undecided", "main_logic of a FPSRoutine takes one message beside self"),
        ("Greedy", "main_logic of a source takes nothing beside self"),
    ],
)
def test_a_class_that_cannot_work_is_refused(name: str, problem: str) -> None:
    """What every message would fail over is told before there is one."""
    with pytest.raises(LoadError, match=re.escape(problem)):
        load_class(f"{MISTAKES}:{name}", [Path(__file__).parent])


def test_a_constructor_that_raises_is_told() -> None:
    """Its reason is in the error."""
    with pytest.raises(LoadError, match="RuntimeError: no camera is 3 wide"):
        build(Fails, {"width": 3})


def test_a_path_comes_before_what_python_finds_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that Python searches anyway, behind a library that has a module of the same name."""
    for folder in ("library", "ours"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shadowed_cameras.py").write_text(
            f"from pipertd import SourceRoutine\n"
            f"class Camera(SourceRoutine):\n"
            f"    found_in = {folder!r}\n"
            f"    def main_logic(self): ...\n"
        )
    ours = tmp_path / "ours"
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "library"), str(ours)])
    monkeypatch.delitem(sys.modules, "shadowed_cameras", raising=False)
    assert vars(load_class("shadowed_cameras:Camera", [ours]))["found_in"] == "ours"
    monkeypatch.delitem(sys.modules, "shadowed_cameras")

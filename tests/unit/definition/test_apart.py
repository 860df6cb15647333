"""Definitions that somebody sends: their problems, and what they cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipertd.definition.apart import MOST_PROBLEMS, MOST_TEXT, Verdict, check_apart
from tests.unit.definition.definitions import GOOD, HERE

PATIENCE_S = 600.0  # who checks gives way to all others, and a machine that runs tests may be busy with them


def check(files: dict[str, str]) -> Verdict:
    """What is wrong with them, however long it takes to find that."""
    return check_apart(files, timeout_s=PATIENCE_S)


def test_problems_have_their_places() -> None:
    """Each file's mistakes are told with the name it was sent under, its line and its column; the others are well."""
    found = check({"good.yaml": GOOD, "bad.yaml": GOOD.replace("pipeline: street", "pipeline: q\ncolour: red")})
    assert found.pipelines == ("street",)
    (problem,) = found.problems
    assert (str(problem.file), problem.line, problem.column, problem.path) == ("bad.yaml", 2, 1, "colour")


def test_two_texts_of_one_pipeline_are_told_apart() -> None:
    """A name that two of them define is a problem of the second, as it is in a folder."""
    found = check({"a.yaml": GOOD, "b.yaml": GOOD})
    assert [(str(each.file), each.path) for each in found.problems] == [("b.yaml", "pipeline")]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20_000,
        "- " * 20_000,
        "a: &a [x]\nb: &b [*a,*a]\n" + "c: *c",
        "a: " + "9" * 100_000,
        "\ud7ff\x00",
        "? " * 9000,
    ],
    ids=["nested", "dashes", "alias", "number", "nul", "keys"],
)
def test_hostile_texts_are_problems(text: str) -> None:
    """Whatever stands in a text, the answer is what is wrong with it."""
    found = check_apart({"a.yaml": text})
    assert found.problems
    assert not found.pipelines


def test_a_text_that_takes_too_long_is_given_up() -> None:
    """A reading that does not end by its deadline ends there, and is a problem of every file that was sent with it."""
    found = check_apart({"a.yaml": "[" + "1," * 120_000, "b.yaml": GOOD}, timeout_s=0.001)
    assert [str(each.file) for each in found.problems] == ["a.yaml", "b.yaml"]
    assert "takes longer than 0.001 s" in found.problems[0].text


def test_nobody_reads_many_problems() -> None:
    """Of very many problems the first ones are told, and how many more there are."""
    text = GOOD + "".join(f"k{number}: 1\n" for number in range(MOST_PROBLEMS + 10))
    found = check({"a.yaml": text})
    assert len(found.problems) == MOST_PROBLEMS
    assert "11 more problems" in found.problems[-1].text


def test_a_problem_is_short_whatever_it_names() -> None:
    """A key as long as a file, with many mistakes below it, makes no answer that is larger than its question."""
    text = GOOD + "? " + "k" * 100_000 + "\n: {" + "a: 1, " * 900 + "}\n"
    found = check({"a.yaml": text})
    assert len(found.problems) >= 899
    assert all(len(each.text) <= MOST_TEXT and len(each.path) <= MOST_TEXT for each in found.problems)


def test_nothing_of_a_text_is_run_unless_asked(tmp_path: Path) -> None:
    """Its interpreter is not started, and no folder of it is looked into, where classes are not asked for."""
    trap = tmp_path / "python"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    text = f"python: {trap}\n" + GOOD
    assert check({"a.yaml": text}).pipelines == ("street",)
    assert not (tmp_path / "sprung").exists()
    found = check_apart({"a.yaml": text}, classes=True)
    assert (tmp_path / "sprung").exists()
    assert "cannot use interpreter" in found.problems[0].text


def test_classes_are_checked_when_asked() -> None:
    """Then a class that cannot be had is a problem, and so is a folder that would begin nowhere."""
    lost = GOOD.replace("Camera", "Lost")
    assert "cannot use the class" in check_apart({"a.yaml": lost}, classes=True).problems[0].text
    relative = GOOD.replace(str(HERE), "somewhere")
    (problem,) = check_apart({"a.yaml": relative}, classes=True).problems
    assert (problem.path, problem.text) == (
        "path[0]",
        "cannot search 'somewhere', because it begins at no folder; write the whole path",
    )


def test_a_check_that_nobody_waits_for_ends_what_it_started(tmp_path: Path) -> None:
    """Given up while a class is imported, it leaves no process behind."""
    (tmp_path / "slow.py").write_text(
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(3600)\n"
    )
    text = GOOD.replace(str(HERE), str(tmp_path)).replace("routines_for_checks:Camera", "slow:Camera")
    importing = tmp_path / "pid"
    found = check_apart(
        {"a.yaml": text}, classes=True, given_up=lambda: importing.exists() and bool(importing.read_text())
    )
    assert found.problems
    assert not Path(f"/proc/{importing.read_text()}").exists()

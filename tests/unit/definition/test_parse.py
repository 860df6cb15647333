"""From a file to values: what YAML can hold beyond a definition, and what no file should."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipertd.definition.check import check_files
from tests.unit.definition.definitions import GOOD, problems, written

# Five lines that would unfold to a hundred thousand values.
ALIASES = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [" % (name, name) + b",".join([b"*%c" % (name - 1)] * 10) + b"]\n" for name in b"bcde"
)

PIECES = [*"{}[]:~#'\n\0", "- ", "*a", "&a ", "!t ", "<<", "", "1e400", "true", "{}", "[]"]


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        (b"pipeline: [", "1:12", "expected the node content"),
        (b"pipeline: a\n\tflows: 1\n", "2:1", "found character '\\t'"),
        (b"pipeline: a\npipeline: b\n", "2:1", "line 1 has this key already"),
        (b"pipeline: \xff\n", "1:11", "byte 0xff is not UTF-8"),
        (b"- a\n- b\n", "1:1", "it is no mapping of keys to values"),
        (b"x" * (256 * 1024 + 1), "1:1", "it is larger than 262144 bytes"),
        (b"[" * 5000, "1:1", "nested too deeply"),
        (ALIASES, "1:", "more than 20000 values"),
        (b"pipeline: a\x00b\n", "1:12", "character U+0000 cannot stand in YAML"),
        (b'pipeline: a\ndescription: "a\\0b"\n', "2:14: description", "character U+0000 cannot stand in text"),
        (b'description: "\\ud800"\n', "1:14: description", "character U+D800 cannot stand in text"),
        (b"description: !!binary aGk=\n", "1:14: description", "a definition knows no tag !!binary"),
        (b"flows: !mine {a: 1}\n", "1:8: flows", "a definition knows no tag !mine"),
        (b"a: &a [1, *a]\n", "1:4: a[1]", "the alias of 'a' stands inside of what it names"),
        (b"a: &a {b: &b {<<: *a}, <<: *b}\n", "1:1", "nested too deeply"),
        (b"<<: 7\n", "1:5: <<", "<< takes a mapping"),
        (b"a: &a {? [b] : 1}\nc: {<<: *a}\n", "1:10: c", "a key is text, a number, true or false"),
        (b"[a, b]: 1\n", "1:1", "a key is text, a number, true or false"),
        (b"~: 1\n", "1:1", "a key is text, a number, true or false"),
        (b"1: 1\n", "1:1: [1]", "cannot name it 1"),
        (b"environment: {A: 123456789012345678901234567890}\n", "1:18: environment.A", "at most 64 bits"),
        (b"environment: {A: " + b"1" * 5000 + b"}\n", "1:18: environment.A", "Exceeds the limit"),
        (b"a: 1\n---\nb: 2\n", "2:1", "found another document"),
    ],
)
def test_bad_files_are_problems_not_tracebacks(tmp_path: Path, content: bytes, place: str, problem: str) -> None:
    """Garbage of every kind gets a line with its place."""
    file = tmp_path / "street.yaml"
    file.write_bytes(content)
    found = [str(each) for each in check_files([file]).problems]
    assert any(each.startswith(f"{file}:{place}") and problem in each for each in found), found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_file_that_is_closed_says_what_helps() -> None:
    """A definition that the daemon's user may not read: root, who looks at it, sees nothing wrong with it."""
    read = "import sys; from pathlib import Path; from pipertd.definition.check import check_files as c; "
    read += "print(*c([Path(sys.argv[1])]).problems)"
    stranger = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
    with tempfile.TemporaryDirectory() as closed:  # mode 0700
        file = written(Path(closed), GOOD)
        said = subprocess.run(
            [*stranger, sys.executable, "-c", read, file], capture_output=True, text=True, check=True, timeout=60
        ).stdout
    why = "permission denied (`pipertctl doctor` finds what is closed to the daemon)"
    assert said == f"{file}:1:1: cannot read the definition, because {why}\n"


def test_a_name_that_is_no_text_is_a_problem_that_can_be_told(tmp_path: Path) -> None:
    """A definition, and what goes over one: no notice, no record and no answer could carry such a name."""
    over = written(tmp_path, GOOD).with_name("street.yaml.d") / os.fsdecode(b"\xff.yaml")
    over.parent.mkdir()
    over.write_text("description: never read")
    file = tmp_path / os.fsdecode(b"\xfe.yaml")
    file.write_text(GOOD)
    found = [str(each) for each in check_files([tmp_path / "street.yaml", file]).problems]
    why = "1:1: cannot read the definition, because its name is not UTF-8; give it another"
    assert sorted(found) == sorted([rf"{over.parent}/\xff.yaml:{why}", rf"{file.parent}/\xfe.yaml:{why}"])
    assert [each.isprintable() for each in found] == [True, True]


def test_a_merge_key_brings_what_a_section_has_not(tmp_path: Path) -> None:
    """``<<`` takes the keys of the mapping that it names; one's own count before them, and they keep their places."""
    text = GOOD.replace("    restart: {policy", "    restart: &often {policy").replace(
        "  capture:\n", "  capture:\n    restart: {<<: {limit: 7 in 7s}, policy: never}\n"
    )
    (pipeline,) = check_files([written(tmp_path, text)], classes=False).pipelines
    assert (pipeline.flow("capture").restart.policy, pipeline.flow("capture").restart.limit) == ("never", 7)
    wrong = text.replace("limit: 7", "limt: 7")
    (found,) = problems(tmp_path, wrong)
    assert found.startswith("6:20: flows.capture.restart.limt: cannot use key 'limt'")


def test_the_later_of_two_anchors_counts(tmp_path: Path) -> None:
    """A name that is given twice stands for what was named last, as YAML has it, and nobody is warned."""
    text = GOOD.replace("description: What moves", "description: &name What moves")
    text = text.replace("limit: 3 in 10s", "limit: &name 3 in 10s").replace("start: 30s", "start: *name")
    (found,) = problems(tmp_path, text)
    assert "watchdog.start: cannot use '3 in 10s'" in found


def test_a_pipe_is_no_definition(tmp_path: Path) -> None:
    """What would make its reader wait is refused instead."""
    os.mkfifo(tmp_path / "street.yaml")
    (found,) = check_files([tmp_path / "street.yaml"]).problems
    assert "it is no regular file" in str(found)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_makes_the_reader_fall(tmp_path: Path, data: st.DataObject) -> None:
    """A definition with any piece of it replaced by anything is read to a pipeline or to problems."""
    pieces = re.split(r"(\W)", GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(pieces) - 1))
        pieces[index] = data.draw(st.sampled_from(PIECES) | st.text(max_size=3))
    file = tmp_path / "street.yaml"
    file.write_text("".join(pieces), encoding="utf-8", errors="replace")
    checked = check_files([file], classes=False)
    assert bool(checked.pipelines) != bool(checked.problems) or not file.read_text().strip()


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    """A missing file and a folder are problems like others."""
    texts = [str(each) for each in check_files([tmp_path / "missing.yaml", tmp_path]).problems]
    assert sum("no such file or directory" in text for text in texts) == 1
    assert sum("it is no regular file" in text for text in texts) == 1

"""Definitions: what is read from them, and every problem of every file with its line and column."""

from __future__ import annotations

import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipertd.definition.check import check_files
from pipertd.definition.classes import NoInterpreter, ask
from pipertd.definition.model import Link, Pipeline, Restart, Watchdog
from pipertd.definition.read import definition_files
from pipertd.names import RoutineRef
from tests.unit.definition.definitions import GOOD, HERE, problems, written


def test_a_definition_becomes_frozen_values(tmp_path: Path) -> None:
    """Every key arrives, what is left out has its default, and names without a flow are resolved."""
    (pipeline,) = check_files([written(tmp_path, GOOD)]).pipelines
    assert (pipeline.name, pipeline.description, pipeline.autostart) == ("street", "What moves", True)
    assert pipeline.shm_limit == Pipeline.shm_limit
    analyse = pipeline.flow("analyse")
    assert (analyse.restart.policy, analyse.restart.backoff_first_s, analyse.restart.limit) == ("always", 1.0, 3)
    assert analyse.watchdog == Watchdog(30.0, 5.0, 1.0)
    assert (analyse.resources.cpus, analyse.resources.memory_max) == ((1,), 512 * 1024**2)
    assert pipeline.flow("capture").restart == Restart()
    camera, blur, store = (
        RoutineRef("capture", "camera"),
        RoutineRef("analyse", "blur"),
        RoutineRef("analyse", "store"),
    )
    assert pipeline.links == (Link(camera, blur, depth=8), Link(blur, store))
    assert [link.within_flow for link in pipeline.links] == [False, True]


def test_seven_mistakes_are_seven_messages(tmp_path: Path) -> None:
    """One slip does not hide the next: key, unit, number, class, param, link end and policy, each where it is."""
    text = f"""\
    pipeline: street
    path: [{HERE}]
    colour: red
    flows:
      capture:
        watchdog: {{progress: 5 parsecs}}
        routines:
          camera: {{class: routines_for_checks:Camra, fsp: 25}}
          other: {{class: routines_for_checks:Camera, params: {{width: wide, gian: 2}}}}
      analyse:
        routines:
          store: {{class: routines_for_checks:Store, params: {{path: out}}}}
    links:
      - {{from: camera, to: [stoer], depth: 0}}
      - {{from: other, to: [store], policy: drop_oldst}}
    """
    assert [re.sub(r" \(/.*", "", each) for each in problems(tmp_path, text)] == [
        "3:1: colour: cannot use key 'colour', because there is no such key here",
        (
            "6:26: flows.capture.watchdog.progress: cannot use '5 parsecs', because a duration is a number with a "
            "unit, such as 100ms, 5s, 2min or 1h"
        ),
        (
            "8:23: flows.capture.routines.camera.class: cannot use the class of capture/camera, because cannot find "
            "class Camra in routines_for_checks"
        ),
        (
            "8:50: flows.capture.routines.camera.fsp: cannot use key 'fsp', because there is no such key here "
            "(did you mean 'fps'?)"
        ),
        "9:66: flows.capture.routines.other.params.width: cannot use 'wide' as param 'width', because it is no int",
        (
            "9:72: flows.capture.routines.other.params.gian: cannot set param 'gian', because capture/other has no "
            "such param (did you mean 'gain'?)"
        ),
        "14:25: links[0].to[0]: cannot link 'stoer', because there is no such routine (did you mean 'store'?)",
        "14:40: links[0].depth: cannot use 0, because it should be greater than or equal to 1",
        "15:40: links[1].policy: cannot use 'drop_oldst', because it should be 'wait', 'drop_oldest' or 'drop_newest'",
    ]


def test_ends_that_do_not_fit_are_a_problem(tmp_path: Path) -> None:
    """What a routine says it takes is compared with what it would be given, without running anything."""
    text = f"""\
    pipeline: street
    path: [{HERE}]
    flows:
      capture: {{routines: {{camera: {{class: routines_for_checks:TypedCamera}}}}}}
      analyse: {{routines: {{store: {{class: routines_for_checks:TypedStore}}}}}}
    links:
      - {{from: camera, to: [store]}}
    """
    (found,) = problems(tmp_path, text)
    assert found.startswith("5:39: flows.analyse.routines.store.class: cannot link capture/camera -> analyse/store, ")
    assert found.endswith("because it takes Labelled, whose 'label' is not in the Picture that it is given")


def test_an_fps_routine_may_stand_anywhere_but_alone(tmp_path: Path) -> None:
    """It is a source, a middle or a destination by its links; without any it is nothing."""
    text = f"""\
    pipeline: street
    path: [{HERE}]
    flows:
      all:
        routines:
          one: {{class: "routines_for_checks:Placed"}}
          two: {{class: "routines_for_checks:Placed"}}
          alone: {{class: "routines_for_checks:Placed"}}
    links: [{{from: one, to: [two]}}]
    """
    (found,) = problems(tmp_path, text)
    assert found.endswith("cannot run all/alone, because no link begins or ends at it")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("[store]", "[store, store]"), "links\\[1\\].to\\[1\\]: cannot link .* twice"),
        (("from: camera, to: [blur]", "from: store, to: [blur]"), "it closes a cycle"),
        (("  - {from: camera, to: [blur], depth: 8}\n", ""), "cannot run capture/camera, because no link"),
        (("params: {width: 640}, ", ""), "cannot do without param 'width'"),
        ((":Blur", ":Idle"), "it has no main_logic"),
        ((":Blur", ":Blurr"), "(did you mean 'Blur'?)"),
        ((":Blur", ":NotOne"), "derives from none of SourceRoutine, MiddleRoutine, DestinationRoutine"),
        ((":Blur", ":Camera, params: {width: 1}"), "blur is a source and takes no input"),
        ((":Camera, params: {width: 640}", ":Store, params: {path: x}"), "camera is a destination and gives no output"),
        (("routines_for_checks:Blur", "no_such_module:Blur"), "cannot import no_such_module: ModuleNotFoundError"),
        (("routines_for_checks:Blur", "blur"), "a class is written module:Class"),
        (("capture:", "2capture:"), "cannot name it '2capture', because a name is a letter"),
        (("pipeline: street\n", ""), "cannot do without 'pipeline', because it has no default"),
        (("pipeline: street\n", "pipeline: street\npython: /no/such/python\n"), "cannot be started: no such file"),
        (("      store:", "      blur:"), "line 13 has this key already"),
    ],
)
def test_each_mistake_has_its_words(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    """What is wrong, where, and why, for each kind of mistake."""
    assert change[0] in GOOD
    found = problems(tmp_path, GOOD.replace(*change))
    assert any(re.search(problem if ".*" in problem else re.escape(problem), each) for each in found), found
    assert all(re.match(r"\d+:\d+: ", each) for each in found)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import os; os._exit(3)", "its interpreter exited with code 3 while importing it"),
        ("import os; os.abort()", "its interpreter was killed by SIGABRT while importing it"),
        ("raise SystemExit('no')", "its interpreter exited with code 1 while importing it: no"),
        (
            "import sys; sys.stderr.buffer.write(b'\\xff\\0'); sys.exit(3)",
            "exited with code 3 while importing it: \ufffd",
        ),
        ("import os; os.fork() or __import__('time').sleep(60); os._exit(4)", "exited with code 4 while importing it"),
        ("import sys; print('hello'); 1 / 0", "cannot import hostile: ZeroDivisionError"),
    ],
)
def test_hostile_classes_are_problems_of_their_own(tmp_path: Path, code: str, problem: str) -> None:
    """A class that kills its interpreter is named; the others are still checked, and the checker lives."""
    assert_blamed(problem, tmp_path, code)


def test_a_class_that_hangs_is_a_problem_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named when its deadline is over; no other class is kept from its answer."""
    begun, now_s = tmp_path / "begun", 0.0

    def clock() -> float:
        """Each look at it while the class hangs is much later than the one before."""
        nonlocal now_s
        if begun.exists() and Path("/proc", begun.read_text() or "nobody").exists():
            now_s += 100.0
        return now_s

    tell_time_by(clock, monkeypatch)
    code = f"import os; open({str(begun)!r}, 'w').write(str(os.getpid()))\nwhile True: pass"
    assert_blamed("importing it took longer than 120 s", tmp_path, code)


def assert_blamed(problem: str, folder: Path, code: str) -> None:
    """Of all the classes of a definition the one with this code is the only problem."""
    (folder / "hostile.py").write_text(code)
    text = GOOD.replace(f"[{HERE}]", f"[{HERE}, {folder}]").replace("routines_for_checks:Blur", "hostile:Blur")
    found = problems(folder, text, timeout_s=120.0)
    assert len(found) == 1, found
    assert problem in found[0]
    assert found[0].startswith("13:21: flows.analyse.routines.blur.class: ")


def tell_time_by(clock: Callable[[], float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines of classes go by this clock: they pass at once, and never because the machine is slow."""
    monkeypatch.setattr("pipertd.definition.classes.time", SimpleNamespace(monotonic=clock))


def test_an_interpreter_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    """One that hangs, is none, or has no pipertd is reported once, at its key."""
    for name, script in (("hangs", "sleep 600"), ("fails", "echo no pipertd here >&2; exit 3")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (hangs,) = problems(tmp_path, GOOD.replace("path: [", "python: ./hangs\npath: ["), timeout_s=1.0)
    assert hangs == f"3:9: python: cannot use interpreter {tmp_path}/hangs, because it did not answer within 1 s"
    (fails,) = problems(tmp_path, GOOD.replace("path: [", "python: ./fails\npath: ["))
    assert fails.endswith("because it exited with code 3: no pipertd here")


SLOW = """
import pathlib, time
pathlib.Path("{0}.begun").touch()
while not pathlib.Path("{0}.seen").exists():
    time.sleep(0.01)
from routines_for_checks import *
"""


def test_the_deadline_is_for_each_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes that take long together, but not each, are no problem."""
    for name in ("slow_one", "slow_two"):
        (tmp_path / f"{name}.py").write_text(SLOW.format(tmp_path / name))

    def clock() -> float:
        begun = list(tmp_path.glob("*.begun"))
        for each in begun:
            each.with_suffix(".seen").touch()
        return 100.0 * len(begun)

    tell_time_by(clock, monkeypatch)
    text = GOOD.replace(f"[{HERE}]", f"[{HERE}, {tmp_path}]")
    text = text.replace("routines_for_checks:Blur", "slow_one:Blur").replace(
        "routines_for_checks:Store", "slow_two:Store"
    )
    assert not problems(tmp_path, text, timeout_s=120.0)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("fps: 25", "fps: .inf"), "cannot use inf"),
        (("stop: 1s", "stop: 0s"), "a deadline is above 0"),
        (("params: {width: 640}", "params: "), "cannot use None, because it is no mapping of keys to values"),
        (("fps: 25", "fps: .nan"), "cannot use nan"),
        (("fps: 25", "fps: 1e-300"), "cannot use 1e-300"),
        (("progress: 5s", "progress: 0s"), "a deadline is above 0"),
        (("progress: 5s", "progress: 1s"), "a progress deadline is 2s or more"),
        (("progress: 5s", "progress: 999999999h"), "a duration is at most 10000h"),
        (("limit: 3 in 10s", "limit: 3 in 0s"), "a deadline is above 0"),
        (("memory_max: 512M", "memory_max: 99999999T"), "at most 64T"),
        (("memory_max: 512M", "memory_max: 0"), "a size is a number of bytes"),
        (("cpus: [1]", "cpus: []"), "cannot use [], because it should have at least one item"),
        (("cpus: [1]", "cpus: [4096, 5000]"), "it should be less than 1024"),
        (("path: [", "environment: {A=B: x}\npath: ["), "a variable's name has only letters, digits and _"),
        (("path: [", "credentials: [../shadow]\npath: ["), "a credential is called like a file in a folder, with no /"),
        (("path: [", "environment: {THREADS: 1}\npath: ["), "cannot use 1, because it is no text: write it in quotes"),
    ],
)
def test_what_could_not_run_is_refused(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    """A value that no kernel, clock or codec could take is a problem of its place, and does not hide others."""
    assert change[0] in GOOD
    found = problems(tmp_path, GOOD.replace(*change).replace("from: analyse/blur", "from: analyse/blurr"))
    assert any(problem in each for each in found), found
    assert any("cannot link 'analyse/blurr'" in each for each in found), found


def test_a_definition_without_flows_is_refused(tmp_path: Path) -> None:
    """In words of a definition."""
    assert problems(tmp_path, "pipeline: street\nflows: {}\n") == [
        "2:8: flows: cannot use {}, because it should have at least one item"
    ]


def test_mistakes_in_a_link_hide_no_others(tmp_path: Path) -> None:
    """What is wrong with one link is said once; the other links and routines are still checked."""
    text = GOOD.replace("{from: camera, to: [blur], depth: 8}", "{to: blur}").replace("to: [store]", "to: [stor, 7]")
    assert [each.split(", because")[0] for each in problems(tmp_path, text)] == [
        "16:5: links[0]: cannot do without 'from'",
        "16:10: links[0].to: cannot use 'blur'",
        "17:31: links[1].to[0]: cannot link 'stor'",
        "17:37: links[1].to[1]: cannot use 7",
    ]


def test_a_problem_of_a_drop_in_stands_in_the_drop_in(tmp_path: Path) -> None:
    """Each problem names the file that it is to be mended in; drop-ins of later folders count like those beside it."""
    file, etc = written(tmp_path, GOOD), tmp_path / "etc"
    folder = etc / "street.yaml.d"
    folder.mkdir(parents=True)
    one, two, three = folder / "1.yaml", folder / "2.yaml", folder / "3.yaml"
    one.write_text("flows:\n  analyse:\n    watchdog: {progress: soon}\n")
    two.write_text("- a list\n")
    three.write_text("links: [")
    found = [str(each) for each in check_files([file], [etc], classes=False).problems]
    assert [each.split(": ")[0] for each in found] == [f"{one}:3:26", f"{two}:1:1", f"{three}:1:9"]
    assert "flows.analyse.watchdog.progress: cannot use 'soon'" in found[0]


def test_every_file_is_read_and_names_are_unique(tmp_path: Path) -> None:
    """Two files cannot define one pipeline; a problem in one file does not hide the other's pipeline."""
    one, two = written(tmp_path, GOOD), written(tmp_path, GOOD, "two.yaml")
    bad = written(tmp_path, GOOD.replace("pipeline: street", "pipeline: bad\ncolour: red"), "bad.yaml")
    checked = check_files([one, two, bad], classes=False)
    assert [each.file for each in checked.pipelines] == [one]
    assert [each.file for each in checked.problems] == [bad, two]
    assert f"{one} defines a pipeline of that name" in str(checked.problems[1])


def test_later_folders_replace_mask_and_merge(tmp_path: Path) -> None:
    """The same file name in a later folder replaces, an empty file masks, and NAME.yaml.d is merged over it."""
    vendor, local = tmp_path / "usr", tmp_path / "etc"
    vendor.mkdir()
    local.mkdir()
    for name in ("a", "b", "c"):
        written(vendor, GOOD.replace("pipeline: street", f"pipeline: {name}"), f"{name}.yaml")
    written(local, "", "a.yaml")
    written(local, GOOD.replace("pipeline: street", "pipeline: b\nautostart: false"), "b.yaml")
    (vendor / "c.yaml.d").mkdir()
    (local / "b.yaml.d").mkdir()
    (vendor / "b.yaml.d").mkdir()
    written(vendor / "b.yaml.d", "description: the vendor's\n", "10.yaml")
    written(local / "b.yaml.d", "description: ours\n", "10.yaml")
    written(vendor / "c.yaml.d", "description: over\nflows: {capture: {watchdog: {start: 1s}}}\n", "10.yaml")
    folders = [vendor, local, tmp_path / "run"]
    checked = check_files(definition_files(folders), folders, classes=False)
    assert not checked.problems
    assert [(each.name, each.autostart, each.description) for each in checked.pipelines] == [
        ("b", False, "ours"),
        ("c", True, "over"),
    ]
    assert checked.pipelines[1].flow("capture").watchdog.start_s == 1.0
    assert checked.pipelines[1].flow("capture").routines


def test_a_check_that_has_no_descriptor_left_is_a_problem() -> None:
    """It is said of the interpreter, and ends neither a reload nor a start of the daemon."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        with pytest.raises(NoInterpreter, match="it cannot be started: too many open files"):
            ask(Pipeline("p", (), ()), [{"class": "module:Class", "params": {}}], 1.0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """A folder of ``path`` that is missing is named where it is written, with what to do about it."""
    found = problems(tmp_path, GOOD.replace(f"[{HERE}]", f"[{HERE}, gone]"))
    why = "because there is no such folder: make it, or take it out of `path`"
    place = len(f"path: [{HERE}, ") + 1
    assert found == [f"3:{place}: path[1]: cannot look for classes in {tmp_path / 'gone'}, {why}"]


def test_where_a_module_was_looked_for_is_said(tmp_path: Path) -> None:
    """A module that is not there is told with every folder that was searched; one that it imports is its own affair."""
    (tmp_path / "broken.py").write_text("import no_such_module")
    text = GOOD.replace("routines_for_checks:Blur", "no_such_module:Blur")
    (found,) = problems(tmp_path, text)
    python = sys.executable
    assert found.endswith(f"; looked for in {HERE}, /etc/pipertd/routines, and what {python} has installed")
    text = GOOD.replace("routines_for_checks:Blur", "broken:Blur").replace(f"[{HERE}]", f"[{HERE}, .]")
    (found,) = problems(tmp_path, text)
    assert found.endswith("cannot import broken: ModuleNotFoundError: No module named 'no_such_module'")


def test_what_is_relative_is_so_to_the_file_itself(tmp_path: Path) -> None:
    """A link to a definition says what the definition says, code and interpreter too."""
    home, links = tmp_path / "home", tmp_path / "links"
    home.mkdir()
    links.mkdir()
    file = written(home, GOOD.replace(f"[{HERE}]", "[., ../more]\npython: venv/bin/python"))
    (links / "street.yaml").symlink_to(file)
    (read,) = check_files([links / "street.yaml"], classes=False).pipelines
    assert read.path == (str(home), str(tmp_path / "more"), "/etc/pipertd/routines")
    assert read.python == str(home / "venv/bin/python")
    assert read.file == links / "street.yaml"

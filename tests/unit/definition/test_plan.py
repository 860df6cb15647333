"""What a change of a definition does. The table in docs/supervision.md is the list of cases."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from pipertd.definition.difference import difference
from pipertd.definition.model import Pipeline
from pipertd.definition.plan import EFFECTS, Action, Fit, Plan, plan_added, plan_change, plan_removed
from pipertd.definition.read import read_all
from pipertd.definition.schema import (
    FlowSection,
    LinkSection,
    PipelineSection,
    ResourcesSection,
    RestartSection,
    RoutineSection,
    WatchdogSection,
)

ROOT = Path(__file__).parents[3]
Content = dict[str, Any]


def table() -> list[tuple[str, str]]:
    """Each key of the table, and what it says a change of it does."""
    text = (ROOT / "docs/supervision.md").read_text()
    rows = text.partition("| key | what a change of it does |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [(key, does) for keys, does in cells for key in re.findall(r"`([^`]+)`", keys)]


def content() -> Content:
    """The pipeline a → b → c, whose flow b has two routines."""
    return {
        "pipeline": "p",
        "flows": {
            "a": {"routines": {"one": {"class": "m:One"}}},
            "b": {"routines": {"two": {"class": "m:Two", "params": {"size": 1}}, "three": {"class": "m:Three"}}},
            "c": {"routines": {"four": {"class": "m:Four"}}},
        },
        "links": [{"from": "one", "to": ["two"]}, {"from": "two", "to": ["three"]}, {"from": "three", "to": ["four"]}],
    }


def pipeline(folder: Path, of: Content) -> Pipeline:
    file = folder / "p.yaml"
    file.write_text(json.dumps(of))
    readings, problems = read_all([file])
    assert problems == ()
    return readings[0].pipeline


def plan(folder: Path, change: Callable[[Content], object]) -> Plan:
    changed = content()
    change(changed)
    return plan_change(pipeline(folder, content()), pipeline(folder, changed))


def _set(*way: Any) -> Callable[[Content], object]:
    """Put the last one where the others lead."""

    def change(of: Any) -> None:
        *steps, key, value = way
        for step in steps:
            of = of[step] if isinstance(of, list) else of.setdefault(step, {})
        of[key] = value

    return change


def _add_routine(of: Content) -> None:
    of["flows"]["b"]["routines"]["five"] = {"class": "m:Five"}
    of["links"].append({"from": "two", "to": ["five"]})


def _add_flow(of: Content) -> None:
    of["flows"]["d"] = {"routines": {"five": {"class": "m:Five"}}}
    of["links"].append({"from": "two", "to": ["five"]})


B, TWO = ("flows", "b"), ("flows", "b", "routines", "two")
CHANGES: dict[str, Callable[[Content], object]] = {
    "description": _set("description", "another"),
    "autostart": _set("autostart", False),
    "credentials": _set("credentials", ["key"]),
    "python": _set("python", "/opt/python"),
    "path": _set("path", ["/opt/code"]),
    "environment": _set("environment", "LEVEL", "2"),
    "orphan_timeout": _set("orphan_timeout", "3s"),
    "pacing": _set("pacing", "auto"),
    "shm_limit": _set("shm_limit", "17M"),
    "flows": _add_flow,
    "links": lambda of: of["links"].append({"from": "one", "to": ["three"]}),
    "restart.policy": _set(*B, "restart", "policy", "never"),
    "restart.backoff": _set(*B, "restart", "backoff", "1s..2s"),
    "restart.limit": _set(*B, "restart", "limit", "1 in 7s"),
    "watchdog.start": _set(*B, "watchdog", "start", "7s"),
    "watchdog.progress": _set(*B, "watchdog", "progress", "7s"),
    "watchdog.stop": _set(*B, "watchdog", "stop", "7s"),
    "watchdog.contact": _set(*B, "watchdog", "contact", "7s"),
    "standby": _set(*B, "standby", True),
    "start": _set(*B, "start", "zygote"),
    "resources.cpus": _set(*B, "resources", "cpus", [0]),
    "resources.nice": _set(*B, "resources", "nice", 3),
    "resources.memory_max": _set(*B, "resources", "memory_max", "1G"),
    "resources.memory_high": _set(*B, "resources", "memory_high", "1G"),
    "resources.cpu_weight": _set(*B, "resources", "cpu_weight", 20),
    "resources.tasks_max": _set(*B, "resources", "tasks_max", 20),
    "routines": _add_routine,
    "class": _set(*TWO, "class", "m:Other"),
    "params": _set(*TWO, "params", "size", 2),
    "fps": _set(*TWO, "fps", 5),
    "on_error": _set(*TWO, "on_error", "fail"),
    "from": _set("links", 2, "from", "two"),
    "to": _set("links", 0, "to", ["two", "four"]),
    "policy": _set("links", 0, "policy", "drop_oldest"),
    "depth": _set("links", 0, "depth", 9),
    "max_age": _set("links", 0, "max_age", "1s"),
    "max_deliveries": _set("links", 0, "max_deliveries", 9),
}
# What is restarted of a, b and c by a change to flow b, or to the link from a to b.
DOES = {
    "nothing is restarted": set(),
    "it counts at once, and nothing is restarted": set(),
    "its flow is restarted": {"b"},
    "the flow that reads the link is restarted": {"b"},
    "the flows at both ends are restarted": {"a", "b"},
    "the flows at both ends are restarted, and those behind a new link": {"a", "b"},
    "all flows are restarted": {"a", "b", "c"},
    "the pipeline begins a new run": {"a", "b", "c"},
}

# Where the change of a link is to other ends than these.
ENDS = {"from": {"b", "c"}, "to": {"a", "c"}}


@pytest.mark.parametrize(("key", "does"), [row for row in table() if row[0] != "pipeline"])
def test_a_change_does_what_the_table_says(tmp_path: Path, key: str, does: str) -> None:
    """A change of the key restarts these flows and no others, is named, and begins a new run only where it is said."""
    found = plan(tmp_path, CHANGES[key])
    restarted = set(found.names(Action.RESTARTED))
    assert restarted == ENDS.get(key, DOES[does])
    assert found.begins_run == (does == "the pipeline begins a new run")
    assert found.action is (Action.RESTARTED if restarted else Action.ADJUSTED)
    shown = [*found.keys, *(each for flow in found.flows for each in flow.keys)]
    named = {"from": "link", "to": "link", "links": "link", "flows": "flow", "routines": "routine"}.get(key, key)
    assert any(text.split(" ")[0] == named for text in shown)
    assert ("b" in found.names(Action.ADJUSTED)) == does.startswith("it counts at once")


def test_who_is_told_something_else_is_restarted(tmp_path: Path) -> None:
    """A flow behind a new link has to know where its messages come from; what does not fit begins a new run."""
    old, new = pipeline(tmp_path, content()), content()
    CHANGES["links"](new)
    changed = pipeline(tmp_path, new)
    found = plan_change(old, changed, Fit(told=frozenset({"a", "b", "c"})))
    assert found.names(Action.RESTARTED) == ["a", "b", "c"]
    assert [flow.keys for flow in found.flows] == [
        *([("link a/one -> b/three is new",)] * 2),
        ("where its messages come from",),
    ]
    assert not found.begins_run
    assert plan_change(old, changed, Fit(("it does not fit",))).new_run == ("it does not fit",)


def test_another_name_is_another_pipeline(tmp_path: Path) -> None:
    """All flows of the old one are removed, all of the new one added."""
    renamed = content()
    _set("pipeline", "q")(renamed)
    assert dict(table())["pipeline"] == "the pipeline of the old name is removed, one of the new name is added"
    old, new = plan_removed(pipeline(tmp_path, content())), plan_added(pipeline(tmp_path, renamed))
    assert (old.pipeline, old.action, old.names(Action.REMOVED)) == ("p", Action.REMOVED, ["a", "b", "c"])
    assert (new.pipeline, new.action, new.names(Action.ADDED)) == ("q", Action.ADDED, ["a", "b", "c"])


def _keys(section: type[BaseModel]) -> Iterator[str]:
    nested: dict[str, type[BaseModel]] = {
        "restart": RestartSection,
        "watchdog": WatchdogSection,
        "resources": ResourcesSection,
    }
    for name, field in section.model_fields.items():
        if name in nested:
            yield from (f"{name}.{key}" for key in _keys(nested[name]))
        else:
            yield field.alias or name


def test_every_key_of_a_definition_stands_in_the_table() -> None:
    """The table has each key of the schema once, and no other; and a text that it has is what the code goes by."""
    sections: tuple[type[BaseModel], ...] = (PipelineSection, FlowSection, RoutineSection, LinkSection)
    listed = [key for key, _ in table()]
    assert sorted(listed) == sorted(key for section in sections for key in _keys(section))
    said = dict(table())
    assert {key: str(effect) for key, effect in EFFECTS.items()} == {key: said[key] for key in EFFECTS}


def test_what_is_the_same_is_unchanged(tmp_path: Path) -> None:
    """The order of flows, links and params in the file, and comments, are no change."""
    turned = content()
    turned["links"].reverse()
    turned["flows"] = dict(reversed(turned["flows"].items()))
    found = plan_change(pipeline(tmp_path, content()), pipeline(tmp_path, turned))
    assert (found.action, found.keys, found.begins_run) == (Action.UNCHANGED, (), False)
    assert {flow.action for flow in found.flows} == {Action.UNCHANGED}


@pytest.mark.parametrize("other", [1.0, True, "1", None, [1], {"1": 1}])
def test_values_of_another_type_are_another_value(tmp_path: Path, other: object) -> None:
    """1, 1.0 and true are three things to a routine, though they are equal to Python."""
    found = plan(tmp_path, _set(*TWO, "params", "size", other))
    assert found.names(Action.RESTARTED) == ["b"]


def test_a_flow_that_comes_or_goes_is_said(tmp_path: Path) -> None:
    """An added flow is added, a removed one removed, and what does not fit the present run is named."""
    grown = content()
    _add_flow(grown)
    old, new = pipeline(tmp_path, content()), pipeline(tmp_path, grown)
    found = plan_change(old, new)
    assert (found.names(Action.ADDED), found.names(Action.RESTARTED)) == (["d"], ["a", "b", "c"])
    assert found.new_run == ("flow d is new",)
    back = plan_change(new, old)
    assert back.names(Action.REMOVED) == ["d"]
    assert back.new_run == ("flow d is gone",)


def test_values_are_not_shown(tmp_path: Path) -> None:
    """A plan names keys, never values: a param may be a secret."""
    changed = copy.deepcopy(content())
    _set(*TWO, "params", "size", "hush")(changed)
    changes = difference(pipeline(tmp_path, content()), pipeline(tmp_path, changed))
    assert [change.text for change in changes] == ["params of two"]

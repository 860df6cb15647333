from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipertd.definition.check import check_files
from pipertd.definition.json_schema import json_schema
from tests.unit.definition.definitions import GOOD
from tests.unit.definition.schema_rules import misfits

ROOT = Path(__file__).parents[3]
SCHEMA = json_schema()
EXAMPLES = sorted((ROOT / "pipertd/examples").glob("*.yaml"))


def wrong(text: str) -> list[str]:
    return list(misfits(YAML(typ="safe", pure=True).load(text), SCHEMA, SCHEMA))


@pytest.mark.parametrize("text", [GOOD, *(each.read_text() for each in EXAMPLES)])
def test_what_is_valid_fits_the_schema(text: str) -> None:
    """An editor does not complain of a definition that the daemon takes."""
    assert wrong(text) == []


@pytest.mark.parametrize(
    ("right", "mistaken"),
    [
        ("pipeline: street", "pipeline: 7street"),
        ("pipeline: street", "pipelines: street"),
        ("depth: 8", "depth: 5000"),
        ("depth: 8", "depth: deep"),
        ("depth: 8", "policy: drop_all"),
        ("memory_max: 512M", "memory_max: 512 megabytes"),
        ("memory_max: 512M", "memory_max: 0"),
        ("progress: 5s", "progress: 5"),
        ("backoff: 1s..2s", "backoff: 1s"),
        ("limit: 3 in 10s", "limit: three"),
        ("policy: always", "policy: sometimes"),
        ("cpus: [1]", "cpus: [1024]"),
        ("cpus: [1]", "cpus: []"),
        ("analyse:", "an alyse:"),
        ("to: [store]", "to: store"),
    ],
)
def test_a_mistake_of_structure_fits_neither(right: str, mistaken: str, tmp_path: Path) -> None:
    """What check refuses for its keys, types and units, an editor marks while it is typed."""
    assert right in GOOD
    text = GOOD.replace(right, mistaken, 1)
    file = tmp_path / "p.yaml"
    file.write_text(text)
    assert check_files([file], classes=False).problems
    assert wrong(text)


def keys(section: dict[str, Any], way: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of a section, with its name as the documents write it."""
    for name, rule in section["properties"].items():
        inner = SCHEMA["$defs"].get(rule.get("$ref", "").removeprefix("#/$defs/"))
        if inner is None:
            yield f"{way}{name}", rule
        else:
            yield from keys(inner, f"{name}.")


def test_every_key_is_explained_and_documented() -> None:
    """Each key has a title and a description of its own, and a line in docs/definitions.md; there are no others."""
    sections = [SCHEMA, *(SCHEMA["$defs"][f"{name}Section"] for name in ("Flow", "Routine", "Link"))]
    found = dict(pair for section in sections for pair in keys(section))
    assert [name for name, rule in found.items() if not rule.get("description") or not rule.get("title")] == []
    text = (ROOT / "docs/definitions.md").read_text()
    table = text.partition("## Keys")[2].partition("## Values")[0]
    assert set(re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE)) == set(found)


def test_defaults_are_written_as_in_a_file() -> None:
    """A default that an editor fills in is one that the schema takes."""
    for name in ("Flow", "Routine", "Link", "Restart", "Watchdog", "Resources"):
        for rule in SCHEMA["$defs"][f"{name}Section"]["properties"].values():
            if "default" in rule:
                assert list(misfits(rule["default"], rule, SCHEMA)) == [], rule
    assert SCHEMA["properties"]["shm_limit"]["default"] == "256M"
    assert SCHEMA["$defs"]["RestartSection"]["properties"]["backoff"]["default"] == "100ms..30s"

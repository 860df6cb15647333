"""The list of documents is whole, and each has a schema."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from pipertd.ctl.app import app
from pipertd.ctl.documents.contract import DOCUMENTS, document_schema
from pipertd.ctl.lazy import LazyGroup

WITHOUT = {"completion", "graph", "quarantine replay", "schema"}  # what they print is for somebody else's programs


def commands(group: LazyGroup, before: str = "") -> Iterator[str]:
    for name in group.entries:
        command = group.get_command(click.Context(group), name)
        if isinstance(command, LazyGroup):
            yield from commands(command, f"{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_has_its_document() -> None:
    """There is none whose output a program could not rely on."""
    assert set(commands(app)) == set(DOCUMENTS) | WITHOUT


@pytest.mark.parametrize("command", DOCUMENTS)
def test_every_document_has_a_schema(command: str) -> None:
    """It allows fields that are added later, and requires all that are there now."""
    for name, definition in document_schema(command)["$defs"].items():
        assert definition.get("additionalProperties", True) is True, name
        assert set(definition["required"]) == set(definition["properties"]), name
        assert definition["description"], name


def test_the_schema_of_a_document_is_printed() -> None:
    """By the command's name; for one that prints none the others are named."""
    ctl = [sys.executable, "-m", "pipertd.ctl", "schema"]
    done = subprocess.run([*ctl, "quarantine", "list"], capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == document_schema("quarantine list")
    done = subprocess.run([*ctl, "graph"], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)

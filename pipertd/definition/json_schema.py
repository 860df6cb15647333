"""The JSON Schema of definitions, by which editors complete, explain and complain while one is written.

It says what ``schema`` says, in the words of a file: defaults as people write them, and no key but the known ones. What
needs the whole file (names that match, cycles) or the interpreter (classes, params) is up to ``pipertctl check``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from pipertd.definition.schema import PipelineSection
from pipertd.definition.units import written_duration, written_size


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a definition file, of draft 2020-12."""
    schema = {
        "$schema": GenerateJsonSchema.schema_dialect,
        **PipelineSection.model_json_schema(by_alias=True),
        "title": "Pipeline of pipertd",
    }
    for each in _mappings(schema):
        _tell_defaults(each)
        if "patternProperties" in each:
            each["additionalProperties"] = False  # a name that is none
    return schema


def _mappings(schema: Any) -> Iterator[dict[str, Any]]:
    """Every mapping of the schema, itself included."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _mappings(inner)


def _tell_defaults(schema: dict[str, Any]) -> None:
    """Say the default of a key as it would be written; none where it is that the key is left out."""
    match schema.get("default"):
        case None | {"policy": _} | {"start": _} | {"cpus": _}:  # of a section whose own keys say theirs
            schema.pop("default", None)
        case bool() | str() | list() | dict() | int() if "pattern" not in schema and "anyOf" not in schema:
            pass
        case int(size):
            schema["default"] = written_size(size)
        case float(seconds):
            schema["default"] = written_duration(seconds)
        case (float(first), float(most)):
            schema["default"] = f"{written_duration(first)}..{written_duration(most)}"
        case (int(count), float(window)):
            schema["default"] = f"{count} in {written_duration(window)}"

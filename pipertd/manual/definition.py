"""The page of definitions out of their JSON Schema: every key, what it may be, and what it is where it is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipertd.manual import roff

Schema = Mapping[str, Any]


def keys(schema: Schema) -> Iterator[str]:
    """The keys of a definition, then of each section in it, the outer ones first."""
    sections = schema["$defs"]
    yield from _section("A definition", schema, sections)
    for name in _in_order(schema, sections):
        yield from _section(sections[name]["title"], sections[name], sections)


def _section(title: str, section: Schema, sections: Schema) -> Iterator[str]:
    yield roff.subheading(title)
    yield from roff.paragraphs(section.get("description", ""))
    for name, key in section.get("properties", {}).items():
        needed = "needed" if name in section.get("required", ()) else ""
        default = f"{_written(key['default'])} if left out" if key.get("default") is not None else ""
        notes = "; ".join(each for each in (_kind(key, sections), needed, default) if each)
        yield from roff.item(roff.bold(f"{name}:"), f"{key.get('description', '')} ({notes})")


def _kind(key: Schema, sections: Schema) -> str:
    """What a value may be, in words."""
    if "$ref" in key:
        return f"see {_named(key, sections)}"
    if "anyOf" in key:
        return " or ".join(dict.fromkeys(_kind(each, sections) for each in key["anyOf"] if each.get("type") != "null"))
    if "enum" in key:
        return " or ".join(_written(each) for each in key["enum"])
    if "examples" in key:
        return f"such as {', '.join(map(_written, key['examples']))}"
    if key.get("type") == "array":
        return f"a list: {_kind(key.get('items', {}), sections)}"
    if key.get("type") == "object":
        inner = [*key.get("patternProperties", {}).values(), key.get("additionalProperties")]
        named = [_kind(each, sections) for each in inner if isinstance(each, Mapping)]
        return f"by name: {' or '.join(named)}" if named else "by name"
    bounds = [f"{word} {key[bound]}" for bound, word in (("minimum", "from"), ("maximum", "to")) if bound in key]
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
    return " ".join([words.get(key.get("type", ""), "anything"), *bounds])


def _named(reference: Schema, sections: Schema) -> str:
    return str(sections[reference["$ref"].rpartition("/")[2]]["title"])


def _in_order(schema: Schema, sections: Schema) -> Iterator[str]:
    """The sections in the order in which somebody who reads from the top meets them."""
    met, ahead = [], [schema]
    while ahead:
        section = ahead.pop(0)
        for text in json.dumps(section.get("properties", section)).split('"#/$defs/')[1:]:
            name = text.partition('"')[0]
            if name not in met:
                met.append(name)
                ahead.append(sections[name])
    yield from met


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)

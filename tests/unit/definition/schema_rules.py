"""The few rules of JSON Schema that the schema of definitions uses; a keyword that is not among them is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_TOLD = {"$schema", "$defs", "title", "description", "default", "examples"}


def misfits(value: Any, schema: dict[str, Any], root: dict[str, Any], way: str = "") -> Iterator[str]:
    """Where ``value`` is not as ``schema`` says, in words."""
    for keyword, rule in schema.items():
        if keyword not in _TOLD and not _holds(keyword, rule, value, schema, root):
            yield f"{way or '.'}: {keyword}"
    if isinstance(value, list) and "items" in schema:
        for index, each in enumerate(value):
            yield from misfits(each, schema["items"], root, f"{way}[{index}]")
    if isinstance(value, dict):
        for key, each in value.items():
            rule = _rule_for(key, schema)
            if isinstance(rule, dict):
                yield from misfits(each, rule, root, f"{way}.{key}")
    if "$ref" in schema:
        yield from misfits(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, way)


def _rule_for(key: Any, schema: dict[str, Any]) -> Any:
    if key in schema.get("properties", {}):
        return schema["properties"][key]
    for pattern, rule in schema.get("patternProperties", {}).items():
        if re.search(pattern, str(key)):
            return rule
    return schema.get("additionalProperties", True)


def _holds(keyword: str, rule: Any, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Whether ``value`` itself, not what is in it, keeps to one keyword."""
    if keyword == "type":
        return isinstance(value, _TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
    if keyword == "anyOf":
        return any(not list(misfits(value, each, root)) for each in rule)
    if keyword == "additionalProperties":
        return not isinstance(value, dict) or all(_rule_for(key, schema) is not False for key in value)
    kind, holds = _RULES[keyword]
    return not isinstance(value, kind) or holds(value, rule)


# To which values a keyword applies, and what it asks of them; what asks of the values inside asks nothing here.
_RULES: dict[str, tuple[Any, Callable[[Any, Any], bool]]] = {
    "enum": (object, lambda value, rule: value in rule),
    "pattern": (str, lambda value, rule: re.search(rule, value) is not None),
    "minLength": (str, lambda value, rule: len(value) >= rule),
    "minItems": (list, lambda value, rule: len(value) >= rule),
    "minProperties": (dict, lambda value, rule: len(value) >= rule),
    "required": (dict, lambda value, rule: set(rule) <= set(value)),
    "minimum": ((int, float), lambda value, rule: value >= rule),
    "maximum": ((int, float), lambda value, rule: value <= rule),
    "exclusiveMaximum": ((int, float), lambda value, rule: value < rule),
    **dict.fromkeys(("$ref", "items", "properties", "patternProperties"), ((), lambda *_: True)),
}

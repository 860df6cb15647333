"""A document against the schema: its sections, and what is wrong with keys, types and units."""

from __future__ import annotations

import copy
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pipertd.definition.document import Document, Way, written
from pipertd.definition.problem import Problem, shortly
from pipertd.definition.schema import UNKNOWN_CLASS, UNKNOWN_END, UNKNOWN_NAME, PipelineSection, unknown_link
from pipertd.names import nearest


def validated(document: Document) -> tuple[PipelineSection | None, list[Problem]]:
    """The document's sections, and what is wrong with its keys, types and units.

    What is wrong is left out and the rest validated again, so that one slip does not hide the next mistake; None where
    too little is left to go on with.
    """
    if not isinstance(document.content, dict):
        return None, [document.problem((), "cannot read the definition, because it is no mapping of keys to values")]
    content = copy.deepcopy(document.content)
    problems: list[Problem] = []
    said = {each.path for each in document.problems}
    while True:
        try:
            return PipelineSection.model_validate(content), problems
        except ValidationError as reason:
            errors = reason.errors(include_url=False)
        problems = problems or [_problem(document, error) for error in errors if written(_way(error)) not in said]
        wrong = {_key_around(content, _way(error)) for error in errors}
        if not all(_leave_out(content, way) for way in wrong):
            return None, problems


def _leave_out(content: dict[Any, Any], way: Way) -> bool:
    """Take what is wrong out of ``content``; False where too much would go with it.

    What others refer to gets a stand-in instead, which the checks behind this one pass over.
    """
    match way:
        case ("pipeline",):
            content["pipeline"] = UNKNOWN_NAME
        case ("links",):
            content["links"] = [unknown_link()]
        case ("links", int(index)):
            content["links"][index] = unknown_link()
        case ("links", int(index), "from" | "to" as end):
            content["links"][index][end] = unknown_link()[end]
        case ("links", int(index), "to", int(place)):
            content["links"][index]["to"][place] = UNKNOWN_END
        case ("flows", flow, "routines", routine, "class"):
            content["flows"][flow]["routines"][routine]["class"] = UNKNOWN_CLASS
        case ("flows",) | ("flows", _) | ("flows", _, "routines") | ("flows", _, "routines", _):
            return False  # the links to what is in there would all seem wrong
        case _:
            return _pop(content, way)
    return True


def _key_around(content: dict[Any, Any], way: Way) -> Way:
    """``way``, but for one item of a list the key of the list; links are known one by one."""
    around: Any = content
    for taken, step in enumerate(way):
        if isinstance(around, list) and way[0] != "links":
            return way[:taken]
        if taken + 1 < len(way):
            around = around[step]
    return way


def _pop(content: dict[Any, Any], way: Way) -> bool:
    around: Any = content
    for step in way[:-1]:
        around = around[step]
    if way[-1] not in around:
        return False
    del around[way[-1]]
    return True


def _way(error: Any) -> Way:
    return tuple(step for step in error["loc"] if step != "[key]")


def _problem(document: Document, error: Any) -> Problem:
    way = _way(error)
    kind = error["type"]
    if kind == "extra_forbidden":
        text = f"cannot use key {way[-1]!r}, because there is no such key here{nearest(str(way[-1]), _known_keys(way))}"
        return document.problem(way, text, at_key=True)
    if kind == "missing":
        return document.problem(way[:-1], f"cannot do without {way[-1]!r}, because it has no default")
    if kind == "invalid_key" or "[key]" in error["loc"]:
        return document.problem(way, f"cannot name it {way[-1]!r}, because {_name_rule(way)}", at_key=True)
    return document.problem(way, f"cannot use {shortly(error['input'])}, because {_reason(error)}")


def _reason(error: Any) -> str:
    if error["type"] == "string_pattern_mismatch":
        return "a class is written module:Class" if error["loc"][-1] == "class" else _name_rule(_way(error))
    if error["type"] in ("dict_type", "model_type"):
        return "it is no mapping of keys to values"
    if error["type"] == "list_type":
        return "it is no list: write it as [...]"
    if error["type"] == "string_type" and isinstance(error["input"], int | float):
        return "it is no text: write it in quotes"
    if error["type"] == "too_short":
        return "it should have at least one item"
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "it should")
    return message[0].lower() + message[1:]


def _name_rule(way: Way) -> str:
    match way:
        case ("environment", _):
            return "a variable's name has only letters, digits and _"
        case ("credentials", _):
            return "a credential is called like a file in a folder, with no / and no space"
        case _:
            return "a name is a letter, then letters, digits, - and _"


def _known_keys(way: Way) -> list[str]:
    """The keys that the section at ``way`` may have."""
    section: Any = PipelineSection
    for step in way[:-1]:
        if isinstance(section, type) and issubclass(section, BaseModel):
            fields = {field.alias or name: field for name, field in section.model_fields.items()}
            section = fields[step].annotation if step in fields else None
        else:  # a name in dict[Name, Section] or an index in list[Section]
            arguments = get_args(section)
            section = arguments[-1] if arguments else None
    if isinstance(section, type) and issubclass(section, BaseModel):
        return [field.alias or name for name, field in section.model_fields.items()]
    return []

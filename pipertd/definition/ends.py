"""Whether the two ends of a link fit: what one routine says it gives, and what the next says it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Shape = Mapping[str, Any]  # {"name": …, "fields": {name: {"type": …, "required": …}}}, as pipertd.flow.messages has it


def misfit(gives: Shape | None, takes: Shape | None) -> str | None:
    """Why what is given cannot be taken; None where it can, or where one of them says nothing."""
    if gives is None or takes is None:
        return None
    wanted, brought = takes.get("fields"), gives.get("fields")
    if wanted is None:
        fits = gives["name"] == takes["name"] or (takes["name"] == "dict" and brought is not None)
        fits = fits or (gives["name"], takes["name"]) == ("int", "float")
        return None if fits else f"it takes {takes['name']} and is given {gives['name']}"
    if brought is None:
        return None if gives["name"] == "dict" else f"it takes {takes['name']} and is given {gives['name']}"
    for name, field in wanted.items():
        if name not in brought:
            if field["required"]:
                return f"it takes {takes['name']}, whose {name!r} is not in the {gives['name']} that it is given"
        elif not _same(brought[name]["type"], field["type"]):
            one, other = field["type"], brought[name]["type"]
            return (
                f"it takes {takes['name']}, whose {name!r} is {one}, and is given {gives['name']}, where it is {other}"
            )
    return None


def _same(given: str | None, taken: str | None) -> bool:
    return given is None or taken is None or given == taken or (given, taken) == ("int", "float")

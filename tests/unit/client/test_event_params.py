"""Parameters of an event on their way out."""

from __future__ import annotations

import pytest
from google.protobuf import json_format

from pipertd.client import events

PARAMS = {"pixels": 3000.0, "note": None, "region": [1.0, {"x": 2.0}], "on": True, "text": "rain"}


def test_all_parameters_are_sent() -> None:
    """Each is there beside the others, as it was given."""
    assert json_format.MessageToDict(events._struct("SET", PARAMS)) == PARAMS


@pytest.mark.parametrize("value", [object(), {1, 2}, [object()], "\ud800"], ids=["object", "set", "list", "surrogate"])
def test_what_json_cannot_carry_is_named(value: object) -> None:
    """One bad parameter is told by its name."""
    with pytest.raises(ValueError, match="JSON carries no parameter 'bad' of "):
        events._struct("SET", {**PARAMS, "bad": value})

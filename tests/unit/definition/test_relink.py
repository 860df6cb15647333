"""Links drawn and taken away by hand: what may be, and one clear error for what may not."""

from __future__ import annotations

import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.definition.relink import with_link, without_link
from pipertd.errors import InvalidDefinition, LinkExists, UnknownTarget
from pipertd.names import Policy, RoutineRef


def ref(flow: str, routine: str) -> RoutineRef:
    return RoutineRef(flow, routine)


ONE, TWO, SAME, ALSO = ref("a", "one"), ref("b", "two"), ref("b", "same"), ref("c", "same")
PIPELINE = Pipeline(
    "p",
    (
        Flow("a", (Routine("one", "m:One"),)),
        Flow("b", (Routine("two", "m:Two"), Routine("same", "m:Same"))),
        Flow("c", (Routine("same", "m:Same"),)),
    ),
    (Link(ONE, TWO), Link(TWO, SAME)),
)


def test_a_link_is_drawn_behind_the_others() -> None:
    """It has the policy and the depth that were asked for, and nothing else of the pipeline changes."""
    drawn = with_link(PIPELINE, "one", "c/same", Policy.DROP_OLDEST, 7)
    assert drawn.links == (*PIPELINE.links, Link(ONE, ALSO, Policy.DROP_OLDEST, 7))
    assert (drawn.flows, drawn.name) == (PIPELINE.flows, "p")
    assert without_link(drawn, "a/one", "c/same") == PIPELINE
    assert with_link(PIPELINE, "one", "c/same").links[-1] == Link(ONE, ALSO)


@pytest.mark.parametrize(
    ("source", "destination", "depth", "error", "text"),
    [
        ("on", "two", 4, UnknownTarget, "cannot find routine 'on' of p: no such name (there are: a/one, b/two, b/same"),
        ("one", "same", 4, InvalidDefinition, "several flows have a routine of that name: write b/same or c/same"),
        ("one", "two", 4, LinkExists, "cannot link a/one -> b/two: there is such a link already"),
        ("b/same", "one", 4, InvalidDefinition, "it would close a cycle: b/same -> a/one -> b/two -> b/same"),
        ("two", "two", 4, InvalidDefinition, "it would close a cycle: b/two -> b/two"),
        ("one", "c/same", 0, InvalidDefinition, "its depth is 0, and may be 1 to 4096"),
        ("one", "c/same", 4097, InvalidDefinition, "its depth is 4097, and may be 1 to 4096"),
    ],
)
def test_what_cannot_be_linked(source: str, destination: str, depth: int, error: type[Exception], text: str) -> None:
    """Each has an error of its own that says what is wrong with which link."""
    with pytest.raises(error) as raised:
        with_link(PIPELINE, source, destination, Policy.WAIT, depth)
    assert text in str(raised.value)


def test_what_cannot_be_unlinked() -> None:
    """A link that is not there is named, with those that are."""
    with pytest.raises(UnknownTarget, match=r"cannot find link a/one -> c/same of p: no such name .*a/one -> b/two"):
        without_link(PIPELINE, "one", "c/same")

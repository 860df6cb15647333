"""What a pipe says before it is built."""

from __future__ import annotations

import pytest

from pipertd import FunctionalMiddleRoutine, Pipe, Wire


def test_a_link_that_a_later_wire_takes_away_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A second wire from a routine replaces the first, as with PipeRT2, and says which links are gone by that."""
    a, b, c = (FunctionalMiddleRoutine(lambda data: data, name) for name in "abc")
    pipe = Pipe()
    pipe.create_flow("flow", True, a, b, c)
    pipe.link(Wire(source=a, destinations=(b, c)))
    assert caplog.messages == []
    pipe.link(Wire(source=a, destinations=(c,)))
    assert caplog.messages == ["no link from a to b: a later wire took its place; name all in one"]

"""What is told of a routine's handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipertd import SourceRoutine, events
from pipertd.flow.handlers import MOST_DESCRIPTION, handlers_told
from pipertd.protocol import MAX_MESSAGE_BYTES, Handler, HandlerParameter, Handlers, encode

if TYPE_CHECKING:
    from somewhere import Something  # type: ignore[import-not-found]


class Base(SourceRoutine):
    def main_logic(self) -> None:
        """Nothing."""

    @events("B", "A")
    def both(self, number: int, thing: Something = None, /, **more: Any) -> None:
        """Do it."""

    @events("GONE")
    def gone(self) -> None:
        """Not any more."""


class Derived(Base):
    gone = None  # type: ignore[assignment]

    @events("STATIC")
    @staticmethod
    def static(*, words: list[str], end: str = "") -> None:
        pass


def told(routine: SourceRoutine) -> dict[str, Handler]:
    return {each.event: each for each in handlers_told(routine, "r").handlers}


def test_handlers_are_told_by_event() -> None:
    """In the order of their names; one with two names is told twice, an inherited one as well."""
    found = handlers_told(Derived(), "r").handlers
    assert [each.event for each in found] == ["A", "B", "GONE", "STATIC"]


def test_only_what_can_be_given_by_name_is_a_parameter() -> None:
    """Events carry keywords; a type that exists for type checkers only is told as it was written."""
    assert told(Base())["A"] == Handler(event="A", parameters=[], takes_more=True, description="Do it.")
    assert told(Derived())["STATIC"].parameters == [
        HandlerParameter(name="words", type="list[str]", optional=False),
        HandlerParameter(name="end", type="str", optional=True),
    ]


def test_what_is_no_method_any_more_says_nothing() -> None:
    """A name that a subclass put something else under is told without parameters, and breaks nothing."""
    assert told(Derived())["GONE"] == Handler(event="GONE", parameters=[], takes_more=True, description="")


def test_a_docstring_is_cut() -> None:
    """What is told of a long one ends in an ellipsis."""

    class Long(Base):
        @events("LONG")
        def long(self) -> None:
            pass

        long.__doc__ = "word " * 1000

    description = told(Long())["LONG"].description
    assert len(description) == MOST_DESCRIPTION
    assert description.endswith("…")


def test_more_handlers_than_fit_are_an_error() -> None:
    """What cannot travel is said, and does not take the channel down."""
    many = type("Many", (Base,), {f"h{number}": handler(f"EVENT_{number}") for number in range(200)})
    found = handlers_told(many(), "r")
    assert (found.routine, found.handlers) == ("r", [])
    assert str(MAX_MESSAGE_BYTES) in found.error
    assert encode(found)


def handler(event: str) -> Any:
    @events(event)
    def method(self: Any) -> None:
        pass

    method.__doc__ = "x" * 500
    return method


@pytest.mark.parametrize("names", [(), ("",), (5,), ("GOOD", None)])
def test_an_event_is_named_by_text(names: tuple[Any, ...]) -> None:
    """Anything else is refused where it is written."""
    with pytest.raises(TypeError, match="takes the names"):
        events(*names)


def test_an_empty_routine_has_nothing_to_tell() -> None:
    """It is told all the same, so that whoever asks need not wait."""

    class Plain(SourceRoutine):
        def main_logic(self) -> None:
            pass

    assert handlers_told(Plain(), "r") == Handlers(routine="r", handlers=[])

"""What routines say they take and give: made from what arrives, and compared before anything runs."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from pipertd import DestinationRoutine, MiddleRoutine
from pipertd.definition.ends import misfit
from pipertd.errors import MessageError
from pipertd.flow.messages import given_type, reader_of, shape_of, taken_type


class Frame(msgspec.Struct):
    """A picture."""

    number: int
    image: NDArray[np.uint8]
    note: str = ""


@dataclasses.dataclass
class Numbered:
    """What has a number."""

    number: float
    about: ClassVar[str] = "x"


@dataclasses.dataclass
class Named:
    """What has a name."""

    name: str


@dataclasses.dataclass
class Worded:
    """Whose number is a word."""

    number: str


class Middle(MiddleRoutine):
    def main_logic(self, data: Frame) -> Numbered | None:
        return Numbered(data.number)


class Silent(DestinationRoutine):
    def main_logic(self, data):  # type: ignore[no-untyped-def]  # noqa: ANN201
        pass


def test_what_a_routine_takes_and_gives_is_read_off_its_annotations() -> None:
    """None is no message; a routine without annotations says nothing."""
    assert (taken_type(Middle), given_type(Middle)) == (Frame, Numbered)
    assert (taken_type(Silent), given_type(Silent)) == (Any, Any)


def test_a_message_becomes_what_is_taken() -> None:
    """A dict from another process becomes a Struct or a dataclass, its arrays where they were; what it is, stays."""
    image = np.zeros(4, np.uint8)
    read = reader_of(Frame)
    assert read is not None
    frame = read({"number": 3, "image": image, "more": 1})
    assert (frame.number, frame.note) == (3, "")
    assert frame.image is image
    assert read(frame) is frame
    assert reader_of(Numbered)({"number": 2}) == Numbered(2.0)  # type: ignore[misc]
    assert reader_of(dict[str, int]) is None
    assert reader_of(Any) is None


@pytest.mark.parametrize(
    ("hint", "message"),
    [(Frame, {"number": "three", "image": 1}), (Frame, [1, 2]), (np.ndarray, {"number": 1}), (Numbered, {})],
)
def test_a_message_that_is_something_else_is_refused(hint: Any, message: Any) -> None:
    """The error names what was wanted."""
    read = reader_of(hint)
    assert read is not None
    with pytest.raises(MessageError, match=getattr(hint, "__name__", "")):
        read(message)


@pytest.mark.parametrize(
    ("gives", "takes", "why"),
    [
        (Any, Frame, None),
        (Frame, Any, None),
        (Frame, Frame, None),
        (Frame, dict[str, Any], None),
        (dict[str, Any], Frame, None),
        (Frame, Numbered, None),
        (int, float, None),
        (np.ndarray, NDArray[np.uint8], None),
        (Named, Frame, "whose 'number' is not in the Named that it is given"),
        (Frame, Named, "whose 'name' is not in the Frame"),
        (Frame, Worded, "whose 'number' is str, and is given Frame, where it is int"),
        (Frame, np.ndarray, "it takes array and is given Frame"),
        (np.ndarray, dict[str, Any], "it takes dict and is given array"),
        (str, Frame, "it takes Frame and is given str"),
    ],
)
def test_the_two_ends_of_a_link_are_compared(gives: Any, takes: Any, why: str | None) -> None:
    """What one end needs and the other does not bring is said; where one says nothing, nothing is wrong."""
    found = misfit(shape_of(gives), shape_of(takes))
    assert found is None if why is None else found is not None and why in found

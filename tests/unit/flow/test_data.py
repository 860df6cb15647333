"""Data: what an author sets on a message travels, in whatever way it was set."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipertd.data
from pipertd import Data, DestinationRoutine, FrameData
from pipertd.client.payload import read_payload
from pipertd.errors import MessageError
from pipertd.flow.handover import freeze
from pipertd.flow.messages import given_type, reader_of, shape_of, taken_type
from pipertd.picture import first_picture
from pipertd.shm.codec import Decoder, Encoded, Encoder
from pipertd.tap.plain import encode_plain


class Frame(FrameData):
    """As in PipeRT2's demo: a constructor of its own, which calls no other."""

    def __init__(self, frame: np.ndarray[Any, Any], frame_number: int) -> None:
        self.frame = frame
        self.frame_number = frame_number

    def get_frame(self) -> np.ndarray[Any, Any]:
        return self.frame


@dataclasses.dataclass
class Box(Data):
    """As in PipeRT2's docstring: a dataclass."""

    left: int
    name: str = ""


def written(message: Any) -> tuple[Encoded, np.ndarray[Any, Any]]:
    encoded = Encoder().encode(message)
    payload = np.zeros(encoded.length, np.uint8)
    encoded.write(payload)
    payload.flags.writeable = False
    return encoded, payload


def arrived(message: Any) -> Any:
    encoded, payload = written(message)
    return Decoder().decode(payload, encoded.body_offset)


def test_a_data_arrives_with_its_class_and_all_that_was_set_on_it() -> None:
    """Attributes travel whether a constructor, a dataclass or somebody later set them; arrays lie in place."""
    frame = Frame(np.arange(12, dtype=np.uint8).reshape(3, 4), 7)
    frame.additional_data["count"] = 1
    box: Any = Box(3, "car")
    box.later = [1, 2]
    frame.box = box  # type: ignore[attr-defined]
    got = arrived(frame)
    assert [type(got), type(got.box)] == [Frame, Box]
    assert (got.get_frame() == frame.frame).all() and not got.frame.flags.writeable
    assert (got.frame_number, got.additional_data, got.box.left, got.box.later) == (7, {"count": 1}, 3, [1, 2])
    inner = arrived([Frame(np.zeros(1), 1), {"data": Data()}])
    assert type(inner[0]) is Frame and type(inner[1]["data"]) is Data


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES), st.integers(0, 3))
def test_whatever_is_set_on_a_data_comes_out(attributes: dict[str, Any], depth: int) -> None:
    """Names and values as messages have them, at any depth."""
    sent: Any = Data()
    vars(sent).update(attributes)
    for _ in range(depth):
        outer = Data()
        outer.additional_data["inner"] = [sent]
        sent = outer
    got = arrived(sent)
    for _ in range(depth):
        (got,) = got.additional_data["inner"]
    assert vars(got) == {"additional_data": {}} | attributes


def test_where_its_class_is_not_loaded_a_data_has_its_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is imported because of what a message says."""
    encoded, payload = written(Frame(np.zeros(2), 3))
    monkeypatch.setattr(pipertd.data, "_loaded", {})
    got = Decoder().decode(payload, encoded.body_offset)
    assert type(got) is Data and got.frame_number == 3  # type: ignore[attr-defined]


def test_what_main_logic_takes_is_made_of_what_arrives() -> None:
    """A dict or another Data becomes the Data that is taken; where just a Data is taken, all is as it came."""

    class Show(DestinationRoutine):
        def main_logic(self, data: Frame) -> None: ...

    read = reader_of(taken_type(Show))
    assert read is not None
    other = Data()
    other.frame_number = 4  # type: ignore[attr-defined]
    assert type(read(other)) is Frame and read(other).frame_number == 4
    assert type(read({"frame_number": 5})) is Frame and read({"frame_number": 5}).additional_data == {}
    with pytest.raises(MessageError, match="cannot take a int as Frame"):
        read(1)
    assert reader_of(Data) is None
    assert (shape_of(Frame), shape_of(given_type(Show))) == (None, None), "the check has nothing to compare"


def test_what_cannot_travel_is_said_and_within_a_flow_arrays_are_protected() -> None:
    """An attribute is held to what messages may hold, and what is given away is not written to."""
    frame = Frame(np.zeros(2), 1)
    frame.lock = object()  # type: ignore[attr-defined]
    with pytest.raises(MessageError, match=r"cannot send a builtins\.object"):
        Encoder().encode(frame)
    freeze(frame)
    assert not frame.frame.flags.writeable


def test_a_data_is_a_map_to_whoever_does_not_know_its_class() -> None:
    """Taps, clients and pictures see its attributes."""
    frame = Frame(np.zeros((16, 16), np.uint8), 9)
    plain = msgspec.msgpack.decode(encode_plain(frame))
    assert plain["frame"]["shape"] == [16, 16] and plain["frame_number"] == 9
    found = first_picture(frame)
    assert found is not None and found[0] == ".frame"
    encoded, payload = written(frame)
    told = read_payload(payload.tobytes(), encoded.body_offset)
    assert told["frame_number"] == 9 and told["frame"].shape == (16, 16)


def test_a_picture_that_nobody_names() -> None:
    """A FrameData whose class has no get_frame says what to write."""
    with pytest.raises(NotImplementedError, match="derive a class with a get_frame of its own"):
        FrameData().get_frame()

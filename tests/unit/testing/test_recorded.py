"""Messages from files that pipertctl and quarantine wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipertd.errors import MessageError
from pipertd.quarantine import PutAside, Quarantine
from pipertd.shm.codec import Encoder
from pipertd.tap.plain import encode_plain
from pipertd.testing import messages_of


def message(number: int) -> dict[str, Any]:
    return {"number": number, "image": np.full((4, 3), number, np.uint8)}


def put_aside(quarantine: Quarantine, number: int) -> None:
    encoded = Encoder().encode(message(number))
    payload = np.zeros(encoded.length, np.uint8)
    encoded.write(payload)
    about = PutAside(
        id=f"m-{number}",
        pipeline="p",
        flow="f",
        routine="r",
        link="a -> b",
        sequence=number,
        origin=number,
        attempts=3,
        deaths=3,
        captured_s=1.0,
        time_s=100.0 - number,
        reason="x",
        stacks="",
        class_path="m:C",
        params={},
        path=[],
        python="python",
        body_offset=encoded.body_offset,
        length=encoded.length,
    )
    quarantine.keep(about, payload.data)


def test_what_a_tap_saved_comes_back_in_order(tmp_path: Path) -> None:
    """One file, or all of a folder by their numbers."""
    for number in (2, 1):
        (tmp_path / f"a.b-c.d-{number:09}.msgpack").write_bytes(encode_plain(message(number)))
    assert [each["number"] for each in messages_of(tmp_path)] == [1, 2]
    (one,) = messages_of(tmp_path / "a.b-c.d-000000002.msgpack")
    assert one["image"].tolist() == message(2)["image"].tolist() and not one["image"].flags.writeable


def test_what_is_in_quarantine_comes_back_the_oldest_first(tmp_path: Path) -> None:
    """One message's folder, or all; arrays are read-only, as they were."""
    quarantine = Quarantine(tmp_path / "quarantine", 1 << 20)
    for number in (1, 2):
        put_aside(quarantine, number)
    assert [each["number"] for each in messages_of(quarantine.folder)] == [2, 1]
    (one,) = messages_of(quarantine.folder / "m-1")
    assert (one["image"] == 1).all() and not one["image"].flags.writeable


def test_where_there_is_none_that_is_said(tmp_path: Path) -> None:
    """A test that was given nothing would pass; a path that is not there is said whole, as pytest runs anywhere."""
    with pytest.raises(MessageError, match=rf"{tmp_path}/away: there is no such file or folder"):
        messages_of(tmp_path / "away")
    with pytest.raises(MessageError, match="has neither such nor"):
        messages_of(tmp_path)
    (tmp_path / "broken.msgpack").write_bytes(b"\xc1")
    with pytest.raises(MessageError, match=r"broken\.msgpack"):
        messages_of(tmp_path)

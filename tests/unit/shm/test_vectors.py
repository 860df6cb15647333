"""The byte format is what its version says: fixed by vectors, so that a change of it cannot go unnoticed.

``python -m tests.unit.shm.test_vectors`` writes them anew; whoever does so changes ``layout.VERSION`` too,
unless a spare word, 0 so far, was given a name and its 0 still means that nothing was said.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from pipertd.shm import layout as at
from pipertd.shm.codec import Decoder, Encoder

VECTORS = Path(__file__).with_name("vectors.json")

SHAPES = (
    at.Shape(out_capacities=(4,), rows=10, pool_bytes=1 << 20),
    at.Shape(in_capacities=(20,), hands=6),
    at.Shape(out_capacities=(0, 8), in_capacities=(20, 0), hands=10, rows=21, foreign_rows=18, pool_bytes=1 << 22),
)
MESSAGES: tuple[Any, ...] = (
    {"number": 7, "name": "street", "share": 0.5, "more": [None, True, b"\x00\xff"]},
    {"frame": np.arange(6, dtype=np.uint8).reshape(2, 3), "time": np.array([1.5, 2.5]), "number": 3},
    np.asfortranarray(np.arange(4, dtype="<i2").reshape(2, 2)),
)


def header_of(shape: at.Shape) -> list[int]:
    """Every word that formatting writes, as pairs of place and value, one behind the other."""
    words = memoryview(bytearray(at.ledger_bytes(shape))).cast("Q")
    at.format_ledger(words, shape)
    return [number for place, word in enumerate(words) if word for number in (place, word)]


def payload_of(message: Any) -> tuple[str, int]:
    """The bytes of a message in hexadecimal digits, and where its body begins."""
    encoded = Encoder().encode(message)
    payload = np.zeros(encoded.length, np.uint8)
    encoded.write(payload)
    return payload.tobytes().hex(), encoded.body_offset


def constants() -> dict[str, int]:
    """Where each word of a block lies: every number that the layout names."""
    return {name: value for name, value in vars(at).items() if name[0].isupper() and isinstance(value, int)}


def written_now() -> dict[str, Any]:
    """What this version of the code writes."""
    return {
        "version": at.VERSION,
        "places": constants(),
        "ledgers": [{"shape": dataclasses.asdict(shape), "words": header_of(shape)} for shape in SHAPES],
        "payloads": [dict(zip(("bytes", "body_offset"), payload_of(each), strict=True)) for each in MESSAGES],
    }


def test_the_format_is_that_of_the_vectors() -> None:
    """Ledgers, places of words and payloads are byte for byte what they were."""
    assert json.loads(json.dumps(written_now())) == json.loads(VECTORS.read_text())


def test_the_vectors_are_read() -> None:
    """The payloads of the vectors hold the messages that they were made from."""
    for message, vector in zip(MESSAGES, json.loads(VECTORS.read_text())["payloads"], strict=True):
        payload = np.frombuffer(bytes.fromhex(vector["bytes"]), np.uint8)
        read = Decoder().decode(payload, vector["body_offset"])
        if isinstance(message, dict):
            assert read.keys() == message.keys()
            assert all(np.array_equal(read[key], message[key]) for key in message if key != "more")
        else:
            assert np.array_equal(read, message)


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(written_now(), indent=1) + "\n")

"""What one side of a comparison is asked to do, and the messages that all sides send."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

FRAME_BYTES = 4096  # messages of this size and above are arrays; smaller ones are dicts in MessagePack
FULL_HD_BYTES = 1920 * 1080 * 3
SMALL_DEPTH, FRAME_DEPTH = 256, 4  # how deep pipertd's links are, and the buffers of peers that are told how deep
WARM_UP_S = 0.3

Frame = npt.NDArray[np.uint8]

_HEAD_BYTES = 24  # of a small message, beside its padding
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class Job(msgspec.Struct, frozen=True):
    """One measurement of one side.

    Attributes:
        what: which of an adapter's measurements, where it has several.
        size_bytes: of a message, or of the array in it.
        seconds: how long messages are sent.
        per_second: the pace of a source; None is as fast as it can.
    """

    what: str = ""
    size_bytes: int = 64
    seconds: float = 1.0
    per_second: float | None = None

    @property
    def is_frame(self) -> bool:
        """Whether its messages are arrays."""
        return self.size_bytes >= FRAME_BYTES

    @property
    def depth(self) -> int:
        """How many messages may wait between the two ends."""
        return FRAME_DEPTH if self.is_frame else SMALL_DEPTH


def small_message(sent_ns: int, size_bytes: int) -> dict[str, Any]:
    """A message that takes ``size_bytes`` when it is encoded."""
    return {"sent_ns": sent_ns, "pad": b"." * (size_bytes - _HEAD_BYTES)}


def encoded(sent_ns: int, size_bytes: int) -> bytes:
    """The same, as peers send it."""
    return _encode(small_message(sent_ns, size_bytes))


def sent_ns_of(body: Any) -> int:
    """When an encoded message was sent; all of it is decoded, as pipertd does."""
    return int(_decode(body)["sent_ns"])


def prepared_frames(size_bytes: int) -> list[Frame]:
    """A few arrays in private memory, as a camera's decoder might hold them."""
    return [np.full(size_bytes, 50 + number, dtype=np.uint8) for number in range(4)]


def touch(frame: Any) -> int:
    """Read a little at both ends of an array."""
    return int(frame[0]) + int(frame[-1])

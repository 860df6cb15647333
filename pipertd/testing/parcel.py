"""A message as it travels from flow to flow: the bytes that a link carries, read as its consumers read them."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np

from pipertd.flow.messages import reader_of
from pipertd.shm.codec import Decoder, Encoder


class Parcel:
    """One message, encoded; MessageError where it holds something that cannot travel."""

    def __init__(self, message: Any) -> None:
        encoded = Encoder().encode(message)
        self._payload = np.zeros(encoded.length, np.uint8)
        encoded.write(self._payload)
        self._payload.flags.writeable = False
        self._body_offset = encoded.body_offset

    def read(self, *, writable: bool = False) -> Any:
        """What arrives: arrays are read-only, or where the routine is ``writable`` private copies."""
        return Decoder().decode(self._payload.copy() if writable else self._payload, self._body_offset)

    def read_as(self, kind: type) -> Any:
        """What arrives at a routine that says it takes what was sent; a dict or list as any routine gets it."""
        arrived = self.read()
        if not (dataclasses.is_dataclass(kind) or issubclass(kind, msgspec.Struct)):
            return arrived
        reader = reader_of(kind)
        return arrived if reader is None else reader(arrived)

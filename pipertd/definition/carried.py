"""Definitions in MessagePack, for what a daemon leaves to the next one: how what msgspec does not know is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def encoder() -> msgspec.msgpack.Encoder:
    """Of records that hold definitions."""
    return msgspec.msgpack.Encoder(enc_hook=_plain)


def decoder(record: type[T]) -> msgspec.msgpack.Decoder[T]:
    """Of the same."""
    return msgspec.msgpack.Decoder(record, dec_hook=_typed)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"cannot record {value!r}")


def _typed(wanted: type, value: Any) -> Any:
    if wanted is Path:
        return Path(value)
    if wanted is object:  # a param, which is whatever MessagePack carries
        return value
    raise NotImplementedError(f"cannot read a {wanted}")

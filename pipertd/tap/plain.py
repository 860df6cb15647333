"""A message as plain MessagePack, for whoever knows nothing of pipertd: an array becomes a map."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from pipertd.data import Data


def encode_plain(content: Any) -> bytes:
    """The message with ``{"dtype": …, "shape": […], "data": bytes in C order}`` in place of each array.

    ``dtype`` is numpy's own descriptor: a string such as ``"|u1"``, or a list of fields for a record array.
    A ``Data`` is the map of its attributes.
    """
    return msgspec.msgpack.encode(content, enc_hook=_described)


def _described(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {
            "dtype": np.lib.format.dtype_to_descr(value.dtype),
            "shape": value.shape,
            "data": np.ascontiguousarray(value).data.cast("B") if value.size else b"",
        }
    if isinstance(value, Data):
        return vars(value)
    raise NotImplementedError(f"a message holds a {type(value).__name__}")

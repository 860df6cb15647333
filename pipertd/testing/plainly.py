"""A message as JSON can say it, whatever it is made of."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from pipertd.data import Data

Array = np.ndarray[Any, Any]

ARRAY, DIGEST = "array", "digest"  # the keys by which one is known that is described
_FEW = 16  # elements that are shown


def plainly(value: Any, show: Callable[[Array], Any]) -> Any:
    """The message out of dicts, lists and scalars; ``show`` says what stands for an array."""
    if isinstance(value, np.ndarray):
        return show(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, list | tuple):
        return [plainly(each, show) for each in value]
    if isinstance(value, set | frozenset):
        return sorted((plainly(each, show) for each in value), key=repr)
    named = _named(value)
    if named is not None:
        return {str(name): plainly(each, show) for name, each in named.items()}
    return msgspec.to_builtins(value.item() if isinstance(value, np.generic) else value)


def _named(value: Any) -> Mapping[Any, Any] | None:
    """What a message has by name; None where it has nothing so."""
    if isinstance(value, dict):
        return value
    if isinstance(value, Data):
        return vars(value)
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    if dataclasses.is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    return None


def described(array: Array) -> dict[str, Any]:
    """An array by its dtype, shape, digest and figures; a small one with its elements."""
    dtype = array.dtype.str if array.dtype.names is None else str(array.dtype)
    told: dict[str, Any] = {ARRAY: f"{dtype} {list(array.shape)}"}
    told[DIGEST] = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:32]
    if array.size and array.dtype.kind in "buif":
        told |= {"least": array.min().item(), "greatest": array.max().item(), "mean": round(float(array.mean()), 6)}
    if 0 < array.size <= _FEW and array.dtype.names is None:
        told["elements"] = plainly(array.tolist(), described)
    return told


def is_described(told: Mapping[str, Any]) -> bool:
    """Whether this stands for an array."""
    return isinstance(told.get(ARRAY), str) and DIGEST in told

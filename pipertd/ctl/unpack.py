"""A message for people: its values as JSON has them, its arrays as files beside."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipertd.ctl.plain import plain
from pipertd.picture import as_picture, looks_like_a_picture

LONGEST_NAME = 100


@dataclass(frozen=True)
class SavedArray:
    """An array of a message and its files; ``picture`` is None where it looks like none."""

    dtype: str
    shape: tuple[int, ...]
    file: Path
    picture: Path | None

    def text(self) -> str:
        """``array float32 (480, 640, 3) -> /path/file.npy``."""
        files = f"{self.file}, {self.picture}" if self.picture else f"{self.file}"
        return f"array {self.dtype} {self.shape} -> {files}"

    def document(self) -> dict[str, Any]:
        """The same for programs."""
        picture = str(self.picture) if self.picture else None
        return {"array": self.dtype, "shape": list(self.shape), "file": str(self.file), "picture": picture}


class Unpacked:
    """Takes messages apart into ``folder``, which is made when there is an array to save."""

    def __init__(self, folder: Path, shown: Callable[[SavedArray], Any]) -> None:
        self._folder = folder.absolute()
        self._shown = shown
        self._names: set[str] = set()

    def plain(self, value: Any) -> Any:
        """What JSON can say of a value; each array in it is saved, and stands there as ``shown`` has it.

        Raises:
            OSError: an array cannot be saved.
        """
        return plain(value, lambda array, path: self._shown(self._save(array, path)))

    def _save(self, array: np.ndarray[Any, Any], path: tuple[str, ...]) -> SavedArray:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{self._name(path)}.npy"
        np.save(file, array, allow_pickle=False)
        picture = file.with_suffix(".png") if looks_like_a_picture(array) else None
        if picture is not None:
            picture.write_bytes(as_picture(array).data)
        return SavedArray(str(array.dtype), array.shape, file, picture)

    def _name(self, path: tuple[str, ...]) -> str:
        """A file's name that says where in the message the array stands; no two are the same."""
        wanted = re.sub(r"[^\w.-]+", "_", ".".join(path), flags=re.ASCII).strip(".")[:LONGEST_NAME] or "message"
        name, count = wanted, 1
        while name in self._names:
            count += 1
            name = f"{wanted}-{count}"
        self._names.add(name)
        return name

"""Messages that are objects: whatever an author's class sets on itself travels, arrays in place and without a copy.

A dataclass says beforehand what it has; a ``Data`` need not. Nothing is imported and no constructor called where one
arrives: it is of its own class where that process has loaded the class, and else a plain ``Data`` with its attributes.

Source: the names and what authors do with them are PipeRT2's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

DataT = TypeVar("DataT", bound="Data")
_loaded: dict[str, type[Data]] = {}  # module:Class -> the class, of all that this process has


def path_of(cls: type) -> str:
    """What a class is called where its messages arrive: ``module:Class``."""
    return f"{cls.__module__}:{cls.__qualname__}"


class Data:
    """A message of attributes, which subclasses set as they like, in ``__init__`` or later.

    Attributes:
        additional_data: there for every message, also where a subclass has a constructor of its own.
    """

    additional_data: dict[Any, Any]

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Made before any constructor, which need not call this class's."""
        made = super().__new__(cls)
        made.additional_data = {}
        return made

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _loaded[path_of(cls)] = cls

    def __repr__(self) -> str:
        attributes = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__qualname__}({attributes})"


class FrameData(Data):
    """A message with a picture in it."""

    def get_frame(self) -> Any:
        """The picture, height x width or height x width x channels; a subclass says which of its attributes it is."""
        raise NotImplementedError(
            f"cannot tell which attribute of a {type(self).__qualname__} is its picture: "
            "derive a class with a get_frame of its own, which returns it"
        )


def restored(path: str, attributes: Mapping[str, Any]) -> Data:
    """The message of that class; of ``Data`` itself where this process has not loaded the class."""
    return made_of(_loaded.get(path, Data), attributes)


def made_of(cls: type[DataT], attributes: Mapping[str, Any]) -> DataT:
    """A message of that class with these attributes; no constructor runs."""
    made = cls.__new__(cls)
    vars(made).update(attributes)
    return made

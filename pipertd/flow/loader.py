"""From a class path and params to a routine object: in flows and in the check's child process, never in the daemon."""

from __future__ import annotations

import importlib
import inspect
import sys
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipertd.errors import LoadError
from pipertd.flow.authored import in_words
from pipertd.flow.messages import given_type, shape_of, taken_type, taken_types
from pipertd.flow.placed import PLACED, FPSRoutine, FunctionalMiddleRoutine, kind_of
from pipertd.flow.routine import DestinationRoutine, MiddleRoutine, Routine, SourceRoutine
from pipertd.flow.synced import synced_of
from pipertd.flow.values import complaint, converted, hints_of
from pipertd.names import nearest

_NO_PARAMS = set(hints_of(Routine))
_BASES = (SourceRoutine, MiddleRoutine, DestinationRoutine, FPSRoutine)
# what an author may use, and not define
_OURS = {
    "_host",
    "credential",
    "generation",
    "kind",
    "loan",
    "logger",
    "message",
    "name",
    "notify_event",
    "published",
    "set_const_fps",
    "waiting",
}


def load_class(class_path: str, search_path: Sequence[Path]) -> type[Routine]:
    """Import ``module:Class`` with ``search_path`` in front of Python's own.

    Raises:
        LoadError: it cannot be imported, or is no routine.
    """
    module_name, _, class_name = class_path.partition(":")
    _search_first([str(folder) for folder in search_path])
    try:
        module = importlib.import_module(module_name)
    except Exception as reason:  # user code runs at import
        where = _searched(search_path) if _is_missing(module_name, reason) else ""
        raise LoadError(f"cannot import {module_name}: {in_words(reason)}{where}") from reason
    cls = getattr(module, class_name, None)
    if not isinstance(cls, type):
        hint = nearest(class_name, [name for name, each in vars(module).items() if _is_routine(each)])
        where = getattr(module, "__file__", "built in")
        raise LoadError(f"cannot find class {class_name} in {module_name} ({where}){hint}")
    check_class(cls, class_path)
    return cls


def _search_first(folders: list[str]) -> None:
    """Also where they were searched last: a library may bring a package that is called as the author's."""
    if sys.path[: len(folders)] != folders:
        sys.path[:] = [*folders, *(each for each in sys.path if each not in folders)]


def check_class(cls: type, called: str) -> None:
    """LoadError, which calls it by that name, where a class is no routine or could not work as one."""
    if not _is_routine(cls):
        raise LoadError(
            f"cannot use {called}: it derives from none of SourceRoutine, MiddleRoutine, DestinationRoutine and "
            "FPSRoutine"
        )
    if any(cls.main_logic is each.main_logic for each in _BASES):  # type: ignore[attr-defined]
        raise LoadError(f"cannot use {called}: it has no main_logic")
    mistake = _mistake_in(cls)
    if mistake:
        raise LoadError(f"cannot use {called}: {mistake}")


def _is_missing(module_name: str, reason: Exception) -> bool:
    """Whether the module itself is not there, or its package, and not one that it imports."""
    missing = reason.name if isinstance(reason, ModuleNotFoundError) else None
    return missing is not None and f"{module_name}.".startswith(f"{missing}.")


def _searched(search_path: Sequence[Path]) -> str:
    folders = "".join(f"{folder}, " for folder in search_path)
    return f"; looked for in {folders}and what {sys.executable} has installed"


def _mistake_in(cls: type[Routine]) -> str | None:
    """What is wrong with how a class uses the names of its base."""
    taken = sorted(_OURS & _names_of_its_own(cls))
    if taken:
        return f"{taken[0]!r} is pipertd's own name in a routine; call the attribute something else"
    if cls.acknowledge not in ("auto", "manual"):
        return f'acknowledge is "auto" or "manual", not {cls.acknowledge!r}'
    if cls.writable not in (True, False):
        return f"writable is True or False, not {cls.writable!r}"
    main_logic: Any = cls.main_logic  # type: ignore[attr-defined]
    if inspect.iscoroutinefunction(main_logic) or inspect.isgeneratorfunction(main_logic):
        return "main_logic is called and returns one message; it is no coroutine and no generator"
    takes, given = ("nothing", [None]) if kind_of(cls) == "source" else ("one message", [None, None])
    synced = synced_of(cls)
    if synced is not None:
        if kind_of(cls) == "source":
            return "inputs are Synced, and a source has none"
        takes, given = f"a message each of {', '.join(synced.names)}", [None] * (1 + len(synced.names))
    try:
        inspect.signature(main_logic).bind(*given)
    except TypeError:
        called = "FPSRoutine" if cls.kind == PLACED else cls.kind
        return f"main_logic of a {called} takes {takes} beside self"
    return None


def _names_of_its_own(cls: type[Routine]) -> set[str]:
    """What a class, and those that it derives from below pipertd's, define or annotate."""
    ours = {each for base in (*_BASES, FunctionalMiddleRoutine) for each in base.__mro__}
    bases = [base for base in cls.__mro__ if base not in ours]
    return {name for base in bases for name in (*vars(base), *inspect.get_annotations(base))}


def _is_routine(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, Routine) and bool(value.kind)


def build(cls: type[Routine], params: Mapping[str, Any]) -> Routine:
    """Make the routine: params are the keywords of a constructor of its own, else its annotated attributes.

    Raises:
        LoadError: a param is unknown, missing or of another type, or the constructor raised.
    """
    known = parameters(cls)
    wrong = wrong_params(cls, params)
    if wrong:
        raise LoadError(f"cannot make {cls.__qualname__}: {'; '.join(each.text for each in wrong)}")
    values = {name: converted(value, known[name].hint) for name, value in params.items()}
    if _has_constructor(cls):
        try:
            return cls(**values)
        except Exception as reason:  # user code
            raise LoadError(f"cannot make {cls.__qualname__}: {in_words(reason)}") from reason
    routine = cls()
    for name, value in values.items():
        setattr(routine, name, value)
    return routine


@dataclass(frozen=True)
class WrongParam:
    """What is wrong with one param: ``kind`` is unknown, missing or type."""

    param: str
    kind: str
    text: str


def wrong_params(cls: type[Routine], params: Mapping[str, Any]) -> list[WrongParam]:
    """Everything that is wrong with the params of a class."""
    known = parameters(cls)
    there_are = ", ".join(known) or "none"
    wrong = [
        WrongParam(name, "unknown", f"unknown param {name!r} (there are: {there_are})")
        for name in params
        if name not in known
    ]
    for name, (hint, required) in known.items():
        if name not in params:
            if required:
                wrong.append(WrongParam(name, "missing", f"missing param {name!r}"))
            continue
        try:
            converted(params[name], hint)
        except msgspec.ValidationError as reason:
            text = f"{params[name]!r} as param {name!r}, because {complaint(reason, hint)}"
            wrong.append(WrongParam(name, "type", text))
    return wrong


class Parameter(NamedTuple):
    """What one of the params may be."""

    hint: Any
    required: bool


def parameters(cls: type[Routine]) -> dict[str, Parameter]:
    """Everything that ``params`` may set, by name."""
    if _has_constructor(cls):
        hints = hints_of(cls.__init__)
        return {
            name: Parameter(hints.get(name, Any), each.default is each.empty)
            for name, each in list(inspect.signature(cls.__init__).parameters.items())[1:]
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        }
    return {
        name: Parameter(hint, not hasattr(cls, name))
        for name, hint in hints_of(cls).items()
        if name not in _NO_PARAMS and not name.startswith("_") and typing.get_origin(hint) is not typing.ClassVar
    }


def describe(cls: type[Routine]) -> dict[str, Any]:
    """What the check wants to know of a class, as JSON-like values."""
    shapes = {"takes": shape_of(taken_type(cls)), "gives": shape_of(given_type(cls))}
    synced = synced_of(cls)
    if synced is not None:
        types = taken_types(cls, len(synced.names))
        shapes["joins"] = {name: shape_of(hint) for name, hint in zip(synced.names, types, strict=True)}
    return {"kind": kind_of(cls), "params": list(parameters(cls)), **shapes}


def _has_constructor(cls: type[Routine]) -> bool:
    return cls.__init__ is not Routine.__init__

"""Messages that kept killing their routine, put aside on disk: a folder for each, with all that is known of it.

Whoever takes over from the dead flow writes them, before it goes on with the next message; the daemon lists, shows and
drops them. A folder appears whole or not at all, and writing it again changes nothing. When they take more room than
they may, the oldest go.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from pipertd.errors import UnknownMessage
from pipertd.regular import NotRegular, open_regular

VERSION = 1
_ABOUT, _PAYLOAD, _UNFINISHED = "about.json", "payload", ".unfinished-"

logger = logging.getLogger(__name__)


class PutAside(msgspec.Struct, frozen=True, kw_only=True):
    """A message in quarantine; times are seconds since the epoch.

    Attributes:
        id: its name, and its folder's.
        sequence: its number on its link.
        origin: its number among all that its producer published.
        attempts: how often it was given to the routine.
        deaths: how many deaths of the flow were laid to its charge.
        reason: what the last of them was, in words.
        stacks: the end of the flow's log at that death, with the stacks of its threads where there were some.
        class_path, params, path, python: what runs the routine: its class and parameters, the folders that it is
            imported from, and the interpreter.
        body_offset: where in the payload its MessagePack body begins, behind its arrays; see docs/data-plane.md.
        length: of the payload, in bytes; 0 where it could not be kept.
        version: of this record's form.
    """

    version: int = VERSION
    id: str
    pipeline: str
    flow: str
    routine: str
    link: str
    sequence: int
    origin: int
    attempts: int
    deaths: int
    captured_s: float
    time_s: float
    reason: str
    stacks: str
    class_path: str
    params: dict[str, Any]
    path: list[str]
    python: str
    body_offset: int
    length: int


class Quarantine:
    """All messages that were put aside, of every pipeline."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def keep(self, message: PutAside, payload: bytes | memoryview) -> None:
        """Put a message aside, durably; does nothing where it is there already.

        Raises:
            OSError: it cannot be written.
        """
        if (self.folder / message.id).exists():
            return
        unfinished = self.folder / f"{_UNFINISHED}{message.id}"  # perhaps there: a writer died over it
        unfinished.mkdir(parents=True, exist_ok=True)
        try:
            _write(unfinished / _PAYLOAD, payload)
            _write(unfinished / _ABOUT, msgspec.json.format(msgspec.json.encode(message)))
            unfinished.rename(self.folder / message.id)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        self._make_room(message.id)

    def _make_room(self, newest: str) -> None:
        """Drop the oldest until they fit, but not the newest."""
        kept = [each for each in self.all() if each.id != newest]
        room = self.limit_bytes - _size(self.folder / newest) - sum(_size(self.folder / each.id) for each in kept)
        for each in kept:
            if room >= 0:
                break
            room += _size(self.folder / each.id)
            logger.warning("dropped message %s from quarantine: it is the oldest, and there is room no more", each.id)
            shutil.rmtree(self.folder / each.id, ignore_errors=True)

    def all(self) -> list[PutAside]:
        """All messages, the oldest first."""
        return sorted(self._read_all(), key=lambda each: (each.time_s, each.id))

    def _read_all(self) -> Iterator[PutAside]:
        if not self.folder.is_dir():
            return
        for folder in self.folder.iterdir():
            if folder.name.startswith(_UNFINISHED):
                continue
            try:
                message = _read(_content(folder / _ABOUT))
            except FileNotFoundError:
                continue  # dropped meanwhile
            except (OSError, RecursionError, msgspec.MsgspecError) as reason:
                logger.warning("cannot read %s: %s; remove the folder if nobody needs it", folder, reason)
                continue
            if message.id == folder.name:  # a name is used as a path only where it is one
                yield message

    def get(self, name: str) -> PutAside:
        """One message; UnknownMessage where there is none of that name."""
        for each in self.all():
            if each.id == name:
                return each
        raise UnknownMessage(name)

    def open_payload(self, name: str) -> BinaryIO:
        """The bytes of a message, even if it is dropped meanwhile; UnknownMessage where there is none of that name."""
        self.get(name)
        try:
            return os.fdopen(open_regular(self.folder / name / _PAYLOAD), "rb")
        except (FileNotFoundError, NotRegular):
            raise UnknownMessage(name) from None

    def drop(self, name: str) -> None:
        """Forget a message; UnknownMessage where there is none of that name."""
        self.get(name)
        shutil.rmtree(self.folder / name)


def _content(path: Path) -> bytes:
    with os.fdopen(open_regular(path), "rb") as file:
        return file.read()


class _Head(msgspec.Struct, frozen=True):
    """What is read first: whether the rest can be read at all."""

    version: int = VERSION


def _read(content: bytes) -> PutAside:
    """MsgspecError where it is no record, or that of a newer pipertd, which is left where it lies."""
    version = msgspec.json.decode(content, type=_Head).version
    if version > VERSION:
        raise msgspec.ValidationError(f"it is of version {version}, and this pipertd reads version {VERSION}")
    return msgspec.json.decode(content, type=PutAside)


def _write(path: Path, content: bytes | memoryview) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _size(folder: Path) -> int:
    try:
        return sum(each.stat().st_size for each in folder.iterdir())
    except OSError:
        return 0

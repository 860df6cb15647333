"""Proven definitions: each as it was when all flows of its pipeline last worked by it, in ``STATE/definitions``.

A daemon that starts after a reboot finds nothing on record of a run, and perhaps a file that somebody broke meanwhile.
What worked before then works again. A record is replaced in one step and outlives a power cut; what cannot be read is
set aside.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from pipertd.clock import wall_s
from pipertd.definition import carried
from pipertd.definition.model import Pipeline
from pipertd.errors import cause_of
from pipertd.supervisor.whole import read_whole

VERSION = 1
SUFFIX = ".proven"
MOST_BYTES = 16 * 1024 * 1024  # a definition's file holds 256 KiB


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A definition, and since when it is known to work, in seconds since the epoch."""

    version: int = VERSION
    since_s: float
    definition: Pipeline


class _Head(msgspec.Struct, frozen=True):
    version: int


_encoder = carried.encoder()
_decoder = carried.decoder(Proof)
_head = msgspec.msgpack.Decoder(_Head)


class Proven:
    """Those of one state directory."""

    def __init__(self, folder: Path, on_unreadable: Callable[[Path, str], None]) -> None:
        """``on_unreadable`` hears of each record that cannot be read, and why."""
        self._folder = folder
        self._proofs = _read_all(folder, on_unreadable)

    def of_file(self, file: Path) -> Proof | None:
        """What worked of the definition in a file of this name, in whichever folder it lay."""
        return next((each for each in self._proofs.values() if _file_name(each) == file.name), None)

    def holds(self, definition: Pipeline) -> bool:
        """Whether this is on record, as it is."""
        proof = self._proofs.get(definition.name)
        return proof is not None and proof.definition == definition

    async def keep(self, definition: Pipeline) -> None:
        """Put it on record, on a thread: a disk may take its time.

        Raises:
            OSError: it cannot be written.
        """
        proof = Proof(since_s=wall_s(), definition=definition)
        await asyncio.to_thread(_write, self._path(definition.name), _encoder.encode(proof))
        self._proofs[definition.name] = proof

    def forget_but(self, files: Collection[str]) -> None:
        """Forget what came from other files than those of these names: what somebody took away is not to come back.

        Raises:
            OSError: a record cannot be removed.
        """
        for name, proof in list(self._proofs.items()):
            if _file_name(proof) not in files:
                self._path(name).unlink(missing_ok=True)
                del self._proofs[name]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def _file_name(proof: Proof) -> str:
    return proof.definition.file.name if proof.definition.file else ""


def _write(path: Path, content: bytes) -> None:
    """In one step, and on the disk when it returns."""
    new = path.with_name(f"{path.name}.new")
    path.parent.mkdir(mode=0o750, exist_ok=True)
    new.unlink(missing_ok=True)  # left by a daemon that was killed, or put there: who opens a FIFO waits
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _read_all(folder: Path, on_unreadable: Callable[[Path, str], None]) -> dict[str, Proof]:
    found = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            found[path.stem] = _read(path)
        except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as reason:
            on_unreadable(path, cause_of(reason) if isinstance(reason, OSError) else str(reason))
    return found


def _read(path: Path) -> Proof:
    """ValueError, and what msgspec raises, where it is no record of that name, or that of a newer pipertd."""
    content = read_whole(path, MOST_BYTES)
    version = _head.decode(content).version
    if version != VERSION:
        raise ValueError(f"it is of version {version}, and this pipertd reads version {VERSION}")
    proof = _decoder.decode(content)
    if proof.definition.name != path.stem:
        raise ValueError(f"it is the record of another pipeline, {proof.definition.name}")
    return proof

"""The manifest of a run: what the next daemon has to know to look after it, in one small file, ``RUNTIME/NAME.run``.

It is replaced in one step before a process is let in, and whenever what it tells has changed. So a flow's process is
on record before it touches a ledger, and one that is not will never be let in. It outlives the run, so that what an
operator stopped stays down and what came to its end does not begin anew, and it goes with the daemon's orderly stop.

Segments and bells are named by their inodes: whichever flow still lives holds them all, under whatever number.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec

from pipertd.definition import carried
from pipertd.definition.model import Link, Pipeline
from pipertd.errors import ManifestError
from pipertd.protocol import PROTOCOL_VERSION, Charge
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.procfs import Identity, boot_id
from pipertd.supervisor.view import State
from pipertd.supervisor.whole import read_whole

FORMAT = 1
SUFFIX = ".run"
MOST_BYTES = 64 * 1024 * 1024  # of a hundred flows it has some kilobytes each, and what a few of them died of
_MOST_PROCESSES = 1 << 22  # of Linux: no process has a higher id
_Seconds = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]  # what is no number is none of these
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 48)]


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A process; ``started`` tells it from a later one of the same id."""

    pid: Annotated[int, msgspec.Meta(gt=0, le=_MOST_PROCESSES)]
    started: int


class GenerationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The process of a flow; ``stacks`` names the file in which it writes those of its threads.

    Times are on the monotonic clock, which all processes of a boot share.
    """

    process: ProcessRecord
    mark: str
    nonce: str
    protocol: int
    launched_s: _Seconds
    ready_s: _Seconds | None
    asked_s: _Seconds | None
    why_killed: str
    failure: Failure | None
    cut: bool
    told_paused: bool = False
    stacks: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]*$")] = ""


class RestartsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how recently a flow was restarted, and how long the next time would wait."""

    count: _Count
    recent: list[_Seconds]
    delay_s: _Seconds


class FlowRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One flow: ``charge`` is what its last generation died of, as long as no other was told."""

    state: State
    since_s: _Seconds
    wanted: bool
    reason: str
    failure: Failure | None
    generation: _Count
    living: GenerationRecord | None
    restarts: RestartsRecord
    delay_s: _Seconds
    charge: Charge | None
    settling: ProcessRecord | None
    standby: ProcessRecord | None
    paused: bool = False


class HomeRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The segments and the bell of one routine; one that publishes to no other flow has no pool."""

    number: int
    flow: str
    routine: str
    ledger: Identity
    pool: Identity | None
    bell: Identity


class SegmentsRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has in shared memory.

    The order of its links is that of their places in the ledgers, however the definition orders them by now.
    """

    run: str
    guards: Identity
    links: list[Link]
    homes: list[HomeRecord]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One pipeline, and its present run if there is one.

    Attributes:
        protocol: what the daemon spoke that wrote it.
        definition: as it was when the flows were started, whatever its file says by now.
        stopping: whether the whole pipeline is on its way down, in order.
        to_start: the flows that are to be started as soon as they are down: an operator's start or restart of them
            is not complete yet.
    """

    format: int = FORMAT
    protocol: int = PROTOCOL_VERSION
    boot: str = msgspec.field(default_factory=boot_id)
    definition: Pipeline
    began_s: _Seconds
    segments: SegmentsRecord | None
    stopping: bool
    to_start: list[str]
    flows: dict[str, FlowRecord]


class _Head(msgspec.Struct, frozen=True):
    """What is read first: whether the rest can be read at all."""

    format: int
    boot: str


_encoder = carried.encoder()
_decoder = carried.decoder(Manifest)
_head = msgspec.msgpack.Decoder(_Head)


class ManifestFile:
    """The file of one pipeline."""

    def __init__(self, folder: Path, pipeline: str) -> None:
        self.path = folder / f"{pipeline}{SUFFIX}"
        self._new = self.path.with_name(f"{self.path.name}.new")
        self._written = b""
        self._is_closed = False

    def write(self, manifest: Manifest) -> None:
        """Replace it, in one step for whoever reads it: it lies in memory, where nothing needs to be flushed.

        Raises:
            OSError: there is no room, or the folder is gone.
        """
        content = _encoder.encode(manifest)
        if self._is_closed or content == self._written:
            return
        self._new.unlink(missing_ok=True)  # of a daemon that was killed, or put there: who opens a FIFO waits
        fd = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
            self._new.replace(self.path)
        except OSError:
            self._new.unlink(missing_ok=True)  # half of a record takes room, and is of no use
            raise
        self._written = content

    def close(self) -> None:
        """Take it away for good: there is nothing to be known any more.

        Raises:
            OSError: it stays there (a read-only disk).
        """
        self._is_closed = True
        for path in (self._new, self.path):  # a daemon before us may have died over a new one
            with suppress(IsADirectoryError):  # it is none of ours
                path.unlink(missing_ok=True)


def manifest_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The pipelines that a daemon before us left on record, and where."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        yield path.stem, path


def read_manifest(path: Path) -> Manifest:
    """What the daemon before us knew.

    Raises:
        ManifestError: it is of an earlier boot, or none of ours.
    """
    try:
        content = read_whole(path, MOST_BYTES)
        head = _head.decode(content)
        if head.boot != boot_id():
            raise ManifestError("the system was started anew meanwhile")
        if head.format != FORMAT:
            raise ManifestError(f"it is on record in format {head.format}, and this pipertd reads format {FORMAT}")
        found = _decoder.decode(content)
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as reason:
        raise ManifestError(f"cannot read {path}: {reason}") from reason
    if found.definition.name != path.stem:
        raise ManifestError(f"{path} is the record of another pipeline, {found.definition.name}")
    return found

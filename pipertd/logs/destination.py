"""Where the records and the prints of one process go, as a ``LogSpec`` says: into a file, or to journald."""

from __future__ import annotations

import os
from pathlib import Path

from pipertd.logs.flood import Flood
from pipertd.logs.journal import FOLDER, connect_stream, identifier_of
from pipertd.logs.journal_writer import JournalHandler
from pipertd.logs.writer import FileHandler, open_log
from pipertd.protocol import LogSpec

Handler = FileHandler | JournalHandler


def flow_handler(spec: LogSpec, *, pipeline: str, flow: str, generation: int) -> Handler:
    """What a flow's process writes its records with; they may carry ``routine`` in ``extra``.

    Raises:
        OSError: the file cannot be opened.
        ValueError: this pipertd knows no such kind of log.
    """
    made: Handler
    if _is_file(spec):
        made = FileHandler(Path(spec.path), pipeline=pipeline, flow=flow, generation=generation)
    else:
        made = JournalHandler(pipeline=pipeline, flow=flow, generation=generation, flood=Flood(), folder=_folder(spec))
    os.register_at_fork(after_in_child=made.prints.begin_in_child)
    return made


def daemon_handler(spec: LogSpec) -> Handler:
    """What the daemon writes its own records with; raises as :func:`flow_handler`."""
    return FileHandler(Path(spec.path)) if _is_file(spec) else JournalHandler(folder=_folder(spec))


def guest_handler(spec: LogSpec, *, pipeline: str, flow: str, generation: int) -> Handler:
    """What the daemon writes a record with that is of a flow; raises as :func:`flow_handler`."""
    if _is_file(spec):
        return FileHandler(Path(spec.path), pipeline=pipeline, flow=flow, generation=generation, max_bytes=None)
    return JournalHandler(pipeline=pipeline, flow=flow, generation=generation, folder=_folder(spec))


def open_output(spec: LogSpec, *, pipeline: str, flow: str) -> int:
    """The descriptor that a flow's process is to print to, C code too; raises as :func:`flow_handler`."""
    if _is_file(spec):
        return open_log(Path(spec.path))
    return connect_stream(identifier_of(pipeline, flow), _folder(spec))


def _folder(spec: LogSpec) -> Path:
    """Of journald's sockets."""
    return Path(spec.path) if spec.path else FOLDER


def _is_file(spec: LogSpec) -> bool:
    if spec.kind not in ("file", "journal"):
        raise ValueError(f"cannot write logs of kind {spec.kind!r}: known are 'file' and 'journal'")
    return spec.kind == "file"

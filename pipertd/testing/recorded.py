"""Messages from files: what ``pipertctl tap --save`` wrote, and what lies in quarantine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from pipertd.errors import MessageError
from pipertd.quarantine import PutAside
from pipertd.shm.codec import Decoder

_ABOUT, _PAYLOAD, _TAPPED = "about.json", "payload", ".msgpack"


def messages_of(path: str | Path) -> list[Any]:
    """The messages of a file or folder, the oldest first; arrays are read-only.

    Args:
        path: a ``.msgpack`` that ``pipertctl tap --save`` wrote, or a folder with some; a message in quarantine, which
            is a folder with ``about.json`` and ``payload``, or a folder with some.

    Raises:
        MessageError: there is none, or one of them cannot be read.
    """
    place = Path(path)
    if not place.exists():
        raise MessageError(f"cannot read messages from {place.absolute()}: there is no such file or folder")
    files = [place] if place.is_file() else sorted(place.glob(f"*{_TAPPED}"))
    if place.suffix == _TAPPED or files:
        return [_tapped(each) for each in files]
    folders = [place] if (place / _ABOUT).exists() else [each.parent for each in place.glob(f"*/{_ABOUT}")]
    found = sorted(((_about(each), each) for each in folders), key=lambda each: (each[0].time_s, each[0].id))
    if not found:
        raise MessageError(f"cannot read messages from {place}: it is no {_TAPPED} and has neither such nor {_ABOUT}")
    return [_put_aside(*each) for each in found]


def _tapped(file: Path) -> Any:
    from pipertd.client.tapped import read_message  # brings grpc along, which nothing else here needs

    try:
        return read_message(file.read_bytes())
    except MessageError as reason:
        raise MessageError(f"{reason} ({file})") from reason


def _about(folder: Path) -> PutAside:
    try:
        return msgspec.json.decode((folder / _ABOUT).read_bytes(), type=PutAside)
    except (OSError, msgspec.MsgspecError) as reason:
        raise MessageError(f"cannot read a message from {folder}: {reason}") from reason


def _put_aside(about: PutAside, folder: Path) -> Any:
    try:
        payload = np.fromfile(folder / _PAYLOAD, np.uint8)
    except OSError as reason:
        raise MessageError(f"cannot read a message from {folder}: {reason}") from reason
    if payload.size != about.length or not about.length:
        raise MessageError(f"cannot read a message from {folder}: it has {payload.size} bytes of {about.length}")
    payload.flags.writeable = False
    return Decoder().decode(payload, about.body_offset)

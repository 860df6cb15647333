"""The file of the notices: a line that names version, epoch and boot, then a line for each notice, in JSON. Pure.

Whatever lies there is read as far as it makes sense. Half a line at its end was never shown to anybody. A line in the
middle that cannot be read takes those before it along, because revisions have no gaps.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from pipertd.supervisor.view import Notice, NoticeKind

VERSION = 1


@dataclass(frozen=True)
class Found:
    """What a file holds; ``fault`` is why that is not all, empty where it is."""

    epoch: str = ""
    boot: str = ""
    notices: tuple[Notice, ...] = ()
    fault: str = ""


def header(epoch: str, boot: str) -> bytes:
    """The first line."""
    return json.dumps({"version": VERSION, "epoch": epoch, "boot": boot}).encode() + b"\n"


def line(notice: Notice) -> bytes:
    """The line of one notice; its epoch stands in the first line."""
    document = asdict(notice)
    del document["epoch"]
    return json.dumps(document).encode() + b"\n"


def read(content: bytes) -> Found:
    """All that can be made out."""
    if not content:
        return Found()
    first, *lines = content[: content.rfind(b"\n") + 1].split(b"\n")
    try:
        head = json.loads(first)
        version, epoch, boot = int(head.get("version", VERSION)), str(head["epoch"]), str(head["boot"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Found(fault="its first line is none of a file of notices")
    if version > VERSION:
        return Found(fault=f"it is of version {version}, and this pipertd reads version {VERSION}")
    notices, left_out = _notices(epoch, lines[:-1])
    fault = f"{left_out} of its lines are no notices, or leave a gap" if left_out else ""
    return Found(epoch, boot, tuple(notices), fault)


def _notices(epoch: str, lines: Iterable[bytes]) -> tuple[list[Notice], int]:
    """The notices behind the last gap, and how many lines were left out."""
    notices: list[Notice] = []
    left_out = 0
    for each in lines:
        try:
            notice = _notice(epoch, each)
        except (ValueError, KeyError, TypeError, RecursionError):
            left_out += 1 + len(notices)
            notices.clear()
            continue
        if notices and notice.revision != notices[-1].revision + 1:
            left_out += len(notices)
            notices.clear()
        notices.append(notice)
    return notices, left_out


def _notice(epoch: str, written: bytes) -> Notice:
    document = json.loads(written)
    notice = Notice(**{**document, "epoch": epoch, "kind": NoticeKind(document["kind"])})
    if type(notice.revision) is not int:
        raise TypeError("a revision is a number")
    return notice

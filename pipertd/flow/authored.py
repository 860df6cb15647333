"""Around an author's code: what it raised, in words, with advice and without our own frames, and what it forked."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

_OURS = str(Path(__file__).parent) + os.sep
_FORKED = 70  # the exit status of a child that came back to us; EX_SOFTWARE

_in_child = False


def in_words(reason: BaseException) -> str:
    """``ValueError: what it says``; an author's exception may be unable to say anything."""
    try:
        return f"{type(reason).__name__}: {reason}"
    except Exception:
        return f"{type(reason).__name__}, which cannot be printed"


def advice(reason: BaseException) -> str:
    """What to do about it, where an author's code wrote to an array that it was given; else empty."""
    is_of_an_array = isinstance(reason, ValueError) or type(reason).__module__ == "cv2"
    if is_of_an_array and any(words in in_words(reason) for words in ("read-only", "readonly")):
        return ": arrays arrive read-only; write to a copy, or say `writable = True` in the routine's class"
    return ""


def without_our_frames(reason: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    """For a log's ``exc_info``: traced from the author's first frame on; whole where none of them is theirs."""
    first = reason.__traceback__
    while first is not None and first.tb_frame.f_code.co_filename.startswith(_OURS):
        first = first.tb_next
    return type(reason), reason, first or reason.__traceback__


def leave_if_forked() -> None:
    """End this process if it is a child that the author's code forked and let return.

    It has all of the flow's memory, and no right to any of it: the ledger's lock stayed with the parent.
    """
    if _in_child:
        os.write(2, b"a child that main_logic forked has returned from it; it ends here, the flow goes on\n")
        os._exit(_FORKED)


def begin_anew() -> None:
    """This process was forked to be a flow: what returns here is no stray child."""
    global _in_child  # noqa: PLW0603 - a fact about the process
    _in_child = False


def _note_fork() -> None:
    global _in_child  # noqa: PLW0603 - a fact about the process
    _in_child = True


os.register_at_fork(after_in_child=_note_fork)

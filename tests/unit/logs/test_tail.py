"""The end of a log: what people wrote, and what faulthandler wrote."""

from __future__ import annotations

import faulthandler
import traceback
from pathlib import Path

from pipertd.logs.tail import stacks_behind, without_stacks


def fail() -> None:
    raise LookupError("nothing to find")


def written(log: Path) -> tuple[list[str], list[str]]:
    """The lines of an exception's traceback, and of the stacks that follow it in the log."""
    try:
        fail()
    except LookupError:
        told = traceback.format_exc()
    with log.open("w") as file:
        file.write(told)
        file.flush()
        faulthandler.dump_traceback(file)
    lines = log.read_text().splitlines()
    return told.splitlines(), lines[len(told.splitlines()) :]


def test_stacks_are_told_from_the_traceback_of_an_exception(tmp_path: Path) -> None:
    """An exception keeps the places that it came through, and no place of it is taken for one of a thread."""
    log = tmp_path / "log"
    told, stacks = written(log)
    assert any("in fail" in line for line in told)
    assert any("in written" in line for line in stacks)
    assert [line for line in without_stacks(told + stacks) if line] == told
    assert stacks_behind(log, 0).splitlines() == [line for line in stacks if line]

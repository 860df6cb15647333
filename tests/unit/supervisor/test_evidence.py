"""The last lines of a flow, asked of whatever its records are kept in."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from pipertd.logs.files import FileLogs
from pipertd.logs.writer import FileHandler
from pipertd.supervisor.evidence import Evidence


def asked(folder: Path, *texts: str, **more: object) -> Evidence:
    """What is found of a flow that logged ``texts``."""
    logs = FileLogs(folder)
    log = FileHandler(logs.flow_file("p", "f"), pipeline="p", flow="f", generation=1)
    for text in texts:
        log.handle(logging.makeLogRecord({"msg": text, "levelname": "INFO", "levelno": logging.INFO, **more}))
    log.close()
    found = Evidence(logs, None, "p", "f", 1)
    asyncio.run(found.ask_for_last_lines())
    return found


def test_the_newest_lines_are_asked_for(tmp_path: Path) -> None:
    """A notice has the last twenty, and who looks into the death all that there is room for."""
    found = asked(tmp_path, *(f"line {number}" for number in range(30)))
    assert found.last_lines().splitlines() == [f"INFO line {number}" for number in range(10, 30)]
    assert len(found.whole_end().splitlines()) == 30


def test_long_lines_take_the_room_of_many(tmp_path: Path) -> None:
    """What a successor is told of a death has to fit into a message."""
    found = asked(tmp_path, *("x" * 9000 for _ in range(10)))
    assert len(found.whole_end().splitlines()) == 3


def test_what_the_daemon_said_of_it_is_no_last_line(tmp_path: Path) -> None:
    """A notice that repeated notices would grow with each."""
    assert asked(tmp_path, "it is killed", notice="watchdog_expired").last_lines() == ""

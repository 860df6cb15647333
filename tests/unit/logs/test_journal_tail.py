"""What the newest records are to those who follow, where the one journalctl for all of them cannot be had."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from pipertd.logs import journal_source
from pipertd.logs.journal_source import JournalSource
from pipertd.logs.journal_tail import JournalTail

_ENTRY = '{"__CURSOR": "a", "__REALTIME_TIMESTAMP": "1", "SYSLOG_IDENTIFIER": "pipertd"}'


def test_nobody_waits_for_records_that_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine has no name to follow by, no place is known, and each reads for himself what is behind his."""
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\necho '{_ENTRY}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(journal_source, "MACHINE_ID", tmp_path / "machine-id")

    async def look() -> None:
        tail = JournalTail(JournalSource(os.geteuid()))
        try:
            async with asyncio.timeout(120):
                await tail.grown.wait()
                while tail.behind("a") is not None:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        finally:
            await tail.close()

    asyncio.run(look())


def test_no_place_is_known_behind_the_end_of_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends it, nobody who follows waits for what nobody reads any more."""
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\necho '{_ENTRY}'\nexec tail -f /dev/null\n")
    program.chmod(0o755)
    (tmp_path / "machine-id").write_text("0" * 32)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(journal_source, "MACHINE_ID", tmp_path / "machine-id")

    async def look() -> None:
        tail = JournalTail(JournalSource(os.geteuid()))
        async with asyncio.timeout(120):
            await tail.grown.wait()
            assert tail.behind("a") is not None
            await tail.close()
            assert tail.behind("a") is None

    asyncio.run(look())

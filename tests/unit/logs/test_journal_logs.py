"""How the journal is read on where journalctl fails, with a program in its place that does.

What a store of logs promises is tested with a real journal, in ``tests/system/test_journal_reading.py``.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from pipertd.errors import LogsUnreadable
from pipertd.logs.journal_logs import JournalLogs
from pipertd.logs.journal_source import JournalSource
from pipertd.logs.record import LogFilter
from pipertd.names import Target
from tests.store_laws import followed

CURSOR = f"s={'a' * 32};i=%x;b={'b' * 32};m=1;t=1;x=1"
ENTRY = (
    f'{{"__CURSOR": "{CURSOR}", "__REALTIME_TIMESTAMP": "1", "SYSLOG_IDENTIFIER": "pipertd", "PIPERTD_LEVEL": "20", '
    '"MESSAGE": "%s"}'
)
RUN = """\
#!/bin/sh
case "$*" in
*--follow* | *--reverse*) exit 1;;
*--cursor=*)
    left=$(cat {kills})
    [ "$left" = 0 ] || {{ echo $((left - 1)) > {kills}; kill -9 $$; }}
esac
echo '{old}'
echo '{new}'
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is run as journalctl: it does not follow, and its first runs behind a cursor are killed."""
    program = tmp_path / "journalctl"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    program.write_text(RUN.format(kills=tmp_path / "kills", old=ENTRY % (1, "old"), new=ENTRY % (2, "new")))
    program.chmod(0o755)
    return program


def read_on(program: Path, kills: int) -> list[str]:
    """What a follower hears behind the old record."""
    program.with_name("kills").write_text(f"{kills}\n")
    logs = JournalLogs(JournalSource(0))
    return [record.message for record in asyncio.run(followed(logs, LogFilter(), 1, cursor=CURSOR % 1))]


def test_a_follower_outlives_runs_that_are_killed(program: Path) -> None:
    """Another one reads what they did not."""
    assert read_on(program, kills=1) == ["new"]


def test_a_follower_is_told_where_nothing_can_be_read(program: Path) -> None:
    """Nobody waits in silence for a journal that is not read."""
    with pytest.raises(LogsUnreadable, match="journalctl says"):
        read_on(program, kills=1000)


def test_a_reader_is_told_at_once(program: Path) -> None:
    """A part of the log that looks like all of it would be no answer."""
    program.with_name("kills").write_text("1\n")

    async def read() -> None:
        async for _ in JournalLogs(JournalSource(0)).records(LogFilter(), cursor=CURSOR % 1):
            pass

    with pytest.raises(LogsUnreadable):
        asyncio.run(read())


def test_streams_that_others_made_up_keep_nobody_from_reading(program: Path) -> None:
    """Anybody may write under the identifier of a flow that cannot be, and one that no command line has room for."""
    long = f"pipertd/street/{'x' * (1 << 20)}"
    identifiers = program.with_name("identifiers")
    identifiers.write_text(f"pipertd/street/a\npipertd/street/b/c\npipertd/a\na\n{long}\n")
    asked = program.with_name("asked")
    program.write_text(
        f'#!/bin/sh\ncase "$*" in\n*--field=*) cat {identifiers};;\n'
        f"*) echo \"$*\" > {asked}; echo '{ENTRY % (1, 'new')}'\nesac\n"
    )

    async def read() -> list[str]:
        wanted = LogFilter(Target("street"))
        return [record.message async for record in JournalLogs(JournalSource(0)).records(wanted, limit=1)]

    asyncio.run(read())
    assert asked.read_text().count("SYSLOG_IDENTIFIER=") == 1

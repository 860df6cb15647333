"""How a reader of many series goes forward: in order, in bounded steps, from where it should."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from pipertd.logs.files import FileLogs
from pipertd.logs.record import LogFilter
from pipertd.logs.series import MOST_AT_ONCE, Series
from pipertd.logs.store import MOST_HELD
from pipertd.logs.walk import LEAST_OF_EACH, Start, Walk
from pipertd.names import Target


@pytest.fixture
def store(tmp_path: Path) -> FileLogs:
    return FileLogs(tmp_path)


def write(store: FileLogs, flow: str, times_s: range) -> None:
    """A record for each time, which is its text as well."""
    file = store.flow_file("street", flow)
    file.parent.mkdir(exist_ok=True)
    line = {"level": 20, "pipeline": "street", "flow": flow, "routine": "", "generation": 1, "logger": "x"}
    with file.open("a") as out:
        for time_s in times_s:
            out.write(f"\x1e{json.dumps({**line, 'time_s': time_s, 'message': str(time_s)})}\n")


def walk_of(store: FileLogs, wanted: LogFilter) -> tuple[Walk, list[Series]]:
    found = [Series(f"street/{file.stem}", file, "street", file.stem) for file in store.folder.glob("*/*.log")]
    return Walk(lambda: found, wanted, Start({}, 0)), found


def test_a_step_holds_few_records_of_however_many_there_are(store: FileLogs) -> None:
    """What a reader holds between two steps, and is given in one, does not grow with the logs."""
    for number in range(8):
        write(store, f"f{number}", range(number, 24_000, 8))
    walk, series = walk_of(store, LogFilter())
    seen, is_last = 0, False
    while not is_last:
        step = walk.step()
        records, is_last = list(step.records()), step.is_last
        held = len(records) + sum(len(one.found) for one in walk._ahead.values())
        assert held <= MOST_HELD + LEAST_OF_EACH * len(series)
        assert [int(record.message) for record in records] == list(range(seen, seen + len(records)))
        seen += len(records)
    assert seen == 24_000


def test_a_verbose_flow_runs_ahead_of_nobody(store: FileLogs) -> None:
    """Of two flows, records come in the order of time, however many times more the one has written."""
    write(store, "loud", range(10_000))
    write(store, "quiet", range(0, 10_000, 1000))
    times_s = [record.time_s for record in store.read()]
    assert times_s == sorted(times_s)
    assert len(times_s) == 10_010


@pytest.mark.parametrize("limit", [1, 7, 16, 3000, 9999, 20_000])
def test_the_newest_are_the_same_however_they_are_found(store: FileLogs, limit: int) -> None:
    """The search backwards begins exactly where the newest ones do, over pieces, series and ends of files."""
    write(store, "a", range(0, 10_000, 2))
    write(store, "b", range(1, 10_000, 4))
    everything = [record.message for record in store.read()]
    assert [record.message for record in store.read(limit=limit)] == everything[-limit:]


def test_a_record_behind_a_print_on_its_line_is_one(store: FileLogs) -> None:
    """Two records may share a line; where only the newest one is asked for, the older one does not come too."""
    write(store, "a", range(1))
    with store.flow_file("street", "a").open("a") as out:
        out.write("half a line")
    write(store, "a", range(7, 8))
    assert [record.message for record in store.read(limit=1)] == ["7"]
    assert [record.message for record in store.read(limit=2)] == ["half a line", "7"]


def test_what_is_not_wanted_is_passed_in_steps_too(store: FileLogs) -> None:
    """A filter that lets nothing pass holds nothing, and still comes to the end."""
    write(store, "a", range(10_000))
    file = store.flow_file("street", "a")
    assert file.stat().st_size > 3 * MOST_AT_ONCE
    walk, _ = walk_of(store, LogFilter(level=50))
    steps = [walk.step() for _ in range(file.stat().st_size // MOST_AT_ONCE + 1)]
    assert [step.is_last for step in steps] == [False] * (len(steps) - 1) + [True]
    assert not any(step.found for step in steps)


def test_readers_at_once_are_given_the_same(store: FileLogs) -> None:
    """Readers take turns, a step each, and each gets everything."""
    write(store, "a", range(5000))

    async def read() -> list[str]:
        return [record.message async for record in store.records(LogFilter(Target("street")), limit=3000)]

    async def all_of_them() -> list[list[str]]:
        return await asyncio.gather(*(read() for _ in range(10)))

    assert asyncio.run(all_of_them()) == [[str(number) for number in range(2000, 5000)]] * 10

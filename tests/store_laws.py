"""What every store of log records promises, whatever it keeps them in: a class of tests for each kind to inherit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any, Protocol

import pytest

from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.store import MOST_HELD, MOST_HELD_LENGTH, LogStore
from pipertd.names import Target

DEADLINE_S = 120.0


class Bench(Protocol):
    """A store, and what a test does to it; ``pipeline`` is the test's own."""

    pipeline: str

    def store(self) -> LogStore:
        """A new one, over the same records."""

    def write(self, flow: str, *texts: str, level: int = logging.INFO, **more: Any) -> None:
        """Have a flow log these, and return when they can be read."""

    def print(self, flow: str, data: bytes) -> None:
        """Have a flow print this, and return when it can be read."""

    def remove_all(self) -> None:
        """Let all that was written be removed, as where there is no more room for it."""


async def read(bench: Bench, limit: int | None = None, cursor: str = "", **wanted: Any) -> list[LogRecord]:
    """What is read by a store that was made for that."""
    chosen = LogFilter(**{"target": Target(bench.pipeline), **wanted})
    async with asyncio.timeout(DEADLINE_S):
        return [record async for record in bench.store().records(chosen, limit, cursor)]


async def texts(bench: Bench, limit: int | None = None, cursor: str = "", **wanted: Any) -> list[str]:
    """As ``read``, but for what is said alone."""
    return [record.message for record in await read(bench, limit, cursor, **wanted)]


async def followed(
    store: LogStore,
    wanted: LogFilter,
    number: int,
    *,
    cursor: str = "",
    backlog: int = 0,
    caught_up: Callable[[], object] = lambda: None,
) -> list[LogRecord]:
    """The first ``number`` records that a follower gets; ``caught_up`` is called once, when it is at the end."""
    seen: list[LogRecord] = []
    is_told = False
    async with asyncio.timeout(DEADLINE_S), aclosing(store.follow(wanted, cursor, backlog=backlog)) as stretches:
        async for stretch in stretches:
            seen += stretch.records()
            if stretch.is_last and not is_told:
                is_told = True
                await asyncio.to_thread(caught_up)
            if len(seen) >= number:
                break
    return seen


def numbered(numbers: Iterable[int]) -> list[str]:
    """Texts that tell their place."""
    return [f"record {number}" for number in numbers]


class StoreLaws:
    """Inherit this beside a fixture ``bench``."""

    def test_records_come_in_the_order_of_their_times(self, bench: Bench) -> None:
        """Several flows read as one log."""
        bench.write("a", "first")
        bench.write("b", "second")
        bench.write("a", "third")
        assert asyncio.run(texts(bench)) == ["first", "second", "third"]

    def test_a_record_is_what_was_logged(self, bench: Bench) -> None:
        """Every part of a record comes back as it was given, and is of the flow that gave it."""
        try:
            raise ValueError("no light")
        except ValueError as error:
            failure = (ValueError, error, error.__traceback__)
        more = {"routine": "r", "camera": 3, "place": {"x": 1.5}, "seen": ["car", None]}
        bench.write("a", "it failed", level=35, exc_info=failure, **more)
        (record,) = asyncio.run(read(bench))
        assert (record.pipeline, record.flow, record.routine, record.generation) == (bench.pipeline, "a", "r", 1)
        assert (record.level, record.logger, record.message, record.source) == (35, "x", "it failed", "log")
        assert record.fields == {"camera": 3, "place": {"x": 1.5}, "seen": ["car", None]}
        assert record.exception.startswith("Traceback") and record.exception.endswith("ValueError: no light")

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "two\nlines\n\nand a third\n",
            "\x1b[31mred\x1b[0m \x07 \x1e \x00 \x7f",
            "Zürich 東京 \U0001f697",
            "\udcff half a character",
            '{"__CURSOR": "x", "MESSAGE": "y"}',
            "PIPERTD_FLOW=b\nMESSAGE=no",
            "x" * 32 * 1024,
            "\x1b" * 32 * 1024,
            "\U0001f697" * 32 * 1024,
        ],
        ids=[
            "nothing",
            "lines",
            "control",
            "unicode",
            "surrogate",
            "json",
            "field",
            "long",
            "long control",
            "long unicode",
        ],
    )
    def test_a_hostile_text_is_one_record(self, bench: Bench, text: str) -> None:
        """Whatever a record says, it comes back as it is, and is no other record, nor a part of one."""
        bench.write("a", text)
        bench.write("a", "and on")
        expected = text.encode("utf-8", "backslashreplace").decode()
        assert asyncio.run(texts(bench)) == [expected, "and on"]

    def test_what_was_printed_is_output(self, bench: Bench) -> None:
        """A line of user code is a record of its flow, without a routine, whatever bytes it has."""
        bench.print("a", b"hello\n\xff\xfe \x1b[1m \xc3\xbc\nlevel <3> and on\n")
        printed = asyncio.run(read(bench))
        assert [each.message for each in printed] == ["hello", "\\xff\\xfe \x1b[1m ü", "level <3> and on"]
        assert {(each.source, each.flow, each.routine, each.level) for each in printed} == {("output", "a", "", 20)}

    def test_newest_are_counted_from_the_end(self, bench: Bench) -> None:
        """A limit gives the last ones, in their order, and what is not wanted does not count."""
        for number in range(12):
            bench.write("a", f"record {number}", level=logging.ERROR if number % 2 else logging.DEBUG)
        assert asyncio.run(texts(bench, 3)) == numbered([9, 10, 11])
        assert asyncio.run(texts(bench, 3, level=logging.WARNING)) == numbered([7, 9, 11])
        assert asyncio.run(texts(bench, 100)) == numbered(range(12))
        assert asyncio.run(texts(bench, 0)) == []

    def test_only_what_is_wanted_is_read(self, bench: Bench) -> None:
        """By flow, by routine, by level, by time, and by several of them."""
        bench.write("a", "quiet", routine="r")
        bench.write("a", "loud", level=logging.ERROR, routine="s")
        bench.print("a", b"printed\n")
        bench.write("b", "other", level=logging.ERROR)
        pipeline = bench.pipeline
        all_of_it = asyncio.run(read(bench))
        assert [each.message for each in all_of_it] == ["quiet", "loud", "printed", "other"]
        for limit in (None, 10):
            assert asyncio.run(texts(bench, limit, target=Target(pipeline, "a"))) == ["quiet", "loud", "printed"]
            assert asyncio.run(texts(bench, limit, target=Target(pipeline, "a", "r"))) == ["quiet"]
            assert asyncio.run(texts(bench, limit, target=Target(pipeline, "a"), level=logging.WARNING)) == ["loud"]
            assert asyncio.run(texts(bench, limit, level=logging.INFO)) == ["quiet", "loud", "printed", "other"]
            assert asyncio.run(texts(bench, limit, since_s=all_of_it[-1].time_s)) == ["other"]
            assert asyncio.run(texts(bench, limit, target=Target(pipeline, "c"))) == []

    def test_reading_goes_on_behind_any_cursor(self, bench: Bench) -> None:
        """From each record's cursor on, exactly the later ones are read, by another daemon too."""
        bench.write("a", "1", "2")
        bench.write("b", "3")
        first = asyncio.run(read(bench))
        bench.write("a", *(f"more {number}" for number in range(9)))
        expected = asyncio.run(texts(bench))
        for place, record in enumerate(first):
            assert asyncio.run(texts(bench, cursor=record.cursor)) == expected[place + 1 :]
            assert asyncio.run(texts(bench, 2, record.cursor)) == expected[place + 1 : place + 3]

    def test_a_limited_reading_goes_on_where_it_ended(self, bench: Bench) -> None:
        """Behind a cursor of the newest few comes nothing that is older than they are, of no flow."""
        for number in range(6):
            bench.write("a" if number % 2 else "b", f"record {number}")
        for limit in range(1, 6):
            newest = asyncio.run(read(bench, limit))
            for place, each in enumerate(newest):
                assert asyncio.run(texts(bench, cursor=each.cursor)) == [one.message for one in newest[place + 1 :]]

    def test_nothing_is_skipped_where_there_is_more_than_is_read_at_once(self, bench: Bench) -> None:
        """All of a long log comes, once and in order, read from its beginning, from its end, or behind a cursor."""
        number = 3 * MOST_HELD + 7
        bench.write("a", *numbered(range(number)))
        everything = asyncio.run(read(bench))
        assert [each.message for each in everything] == numbered(range(number))
        assert asyncio.run(texts(bench, number - 1)) == numbered(range(1, number))
        assert asyncio.run(texts(bench, cursor=everything[4].cursor)) == numbered(range(5, number))

    def test_little_is_held_of_long_records(self, bench: Bench) -> None:
        """What is given at once has a bound in length too, whether it was there before or came meanwhile."""
        number, long = 40, "x" * 32_000
        bench.write("a", *[long] * number)

        async def longest() -> int:
            lengths = []
            target = LogFilter(Target(bench.pipeline))
            async with asyncio.timeout(DEADLINE_S), aclosing(bench.store().follow(target, backlog=number)) as stretches:
                async for stretch in stretches:
                    lengths.append(sum(record.length for record in stretch.records()))
                    if sum(lengths) == number * len(long) and stretch.is_last:
                        await asyncio.to_thread(bench.write, "a", *[long] * number)
                    if sum(lengths) == 2 * number * len(long):
                        break
            return max(lengths)

        assert asyncio.run(longest()) <= 2 * MOST_HELD_LENGTH

    @pytest.mark.parametrize("cursor", ["yesterday", "--help", "s=1;i=2", "\x00", "street/a:-1:0", "ü"])
    def test_a_foreign_cursor_is_refused(self, bench: Bench, cursor: str) -> None:
        """A cursor is the store's own, or an error of who says it."""
        bench.write("a", "begin")
        with pytest.raises(ValueError, match="cannot read cursor"):
            asyncio.run(read(bench, cursor=cursor))
        with pytest.raises(ValueError, match="cannot read cursor"):
            asyncio.run(followed(bench.store(), LogFilter(), 1, cursor=cursor))

    def test_a_store_knows_what_it_has(self, bench: Bench) -> None:
        """Of a pipeline and a flow that once wrote there is something to read, of others there is nothing."""
        bench.write("a", "begin")

        async def has(*place: str) -> bool:
            return await bench.store().has(Target(*place))

        assert asyncio.run(has(bench.pipeline))
        assert asyncio.run(has(bench.pipeline, "a"))
        assert not asyncio.run(has(bench.pipeline, "b"))
        assert not asyncio.run(has("nowhere"))

    def test_removed_records_are_said(self, bench: Bench) -> None:
        """A reader that comes back too late is told so, and is given what is left."""
        bench.write("a", "begin")
        (begin,) = asyncio.run(read(bench))
        bench.remove_all()
        bench.write("a", "much later")
        gap, *rest = asyncio.run(read(bench, cursor=begin.cursor))
        assert "removed" in gap.message
        assert rest[-1].message == "much later"

    def test_follow_gives_the_backlog_then_what_is_new(self, bench: Bench) -> None:
        """A follower sees each record once, whether it was there before or comes later."""
        bench.write("a", "oldest", "old", "older")

        def go_on() -> None:
            bench.write("a", "new")
            bench.write("b", "of a new flow")

        wanted = LogFilter(Target(bench.pipeline))
        for backlog, expected in ((2, ["old", "older"]), (0, [])):
            seen = asyncio.run(followed(bench.store(), wanted, len(expected) + 2, backlog=backlog, caught_up=go_on))
            assert [each.message for each in seen] == [*expected, "new", "of a new flow"]
            bench.write("a", "old", "older")

    def test_a_follower_goes_on_behind_a_cursor(self, bench: Bench) -> None:
        """Nothing is missed and nothing comes twice, from whichever record on."""
        bench.write("a", *numbered(range(5)))
        wanted = LogFilter(Target(bench.pipeline))
        for place, record in enumerate(asyncio.run(read(bench))):
            go_on = partial(bench.write, "a", f"record {5 + place}")
            seen = asyncio.run(followed(bench.store(), wanted, 5, cursor=record.cursor, caught_up=go_on))
            assert [each.message for each in seen] == numbered(range(place + 1, place + 6))

    def test_a_follower_hears_of_the_end_and_of_what_it_does_not_want(self, bench: Bench) -> None:
        """Every stretch has the cursor behind all that was looked at, be there a record in it or not."""
        bench.write("a", "quiet")
        wanted = LogFilter(Target(bench.pipeline), level=logging.ERROR)

        async def collect() -> str:
            begin = None
            async with asyncio.timeout(DEADLINE_S), aclosing(bench.store().follow(wanted)) as stretches:
                async for stretch in stretches:
                    assert not list(stretch.records())
                    if stretch.is_last and begin is None:
                        begin = stretch.cursor
                        await asyncio.to_thread(bench.write, "a", "quiet as well")
                    elif stretch.is_last and stretch.cursor != begin:
                        return stretch.cursor
            raise AssertionError

        assert asyncio.run(texts(bench, cursor=asyncio.run(collect()))) == []

    def test_a_slow_follower_misses_nothing(self, bench: Bench) -> None:
        """However much is written while a follower does not read, all of it comes, once and in order."""
        number = 3 * MOST_HELD
        wanted = LogFilter(Target(bench.pipeline))

        def write() -> None:
            bench.write("a", *numbered(range(number)))

        seen = asyncio.run(followed(bench.store(), wanted, number, caught_up=write))
        assert [each.message for each in seen] == numbered(range(number))

    def test_followers_at_once_are_given_the_same(self, bench: Bench) -> None:
        """However many there are, all come to the end, and each gets what is written then."""
        old, new, followers = 40, 20, 12
        bench.write("a", *numbered(range(old)))
        caught_up = iter(range(1, followers + 1))

        def go_on_with_the_last() -> None:
            if next(caught_up) == followers:
                bench.write("a", *numbered(range(old, old + new)))

        async def collect() -> list[list[LogRecord]]:
            store, wanted = bench.store(), LogFilter(Target(bench.pipeline))
            each = (
                followed(store, wanted, old + new, backlog=old, caught_up=go_on_with_the_last) for _ in range(followers)
            )
            return await asyncio.gather(*each)

        for seen in asyncio.run(collect()):
            assert [each.message for each in seen] == numbered(range(old + new))

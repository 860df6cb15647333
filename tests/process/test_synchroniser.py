"""Sources that slow down to what their consumers can take."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from statistics import median

from pipertd.definition.model import Flow, Pacing, Routine
from pipertd.names import Policy
from pipertd.supervisor.view import LinkView
from tests.process.paced import stamps
from tests.process.scripted import Script
from tests.process.supervised import Live, go
from tests.process.test_pacing import link, pipeline, routine

WORK_S = 0.02


def share_taken(before: LinkView, after: LinkView) -> float:
    """Which part of what its producer made meanwhile a consumer got."""
    return (after.delivered - before.delivered) / max(1, after.produced - before.produced)


def settles(live: Live, place: int = 0, over: int = 60) -> Callable[[], bool]:
    """Whether, of so many messages in a row, a consumer has got most that were made meanwhile.

    A machine that is busy may hold one of both for a moment, so it is asked again and again.
    """
    before = live.link(place)

    def is_settled() -> bool:
        nonlocal before
        now = live.link(place)
        if now.delivered < before.delivered + over:
            return False
        share, before = share_taken(before, now), now
        return share > 0.7

    return is_settled


def test_a_source_settles_at_what_its_consumer_takes(tmp_path: Path) -> None:
    """A source that could do thousands a second makes about as many as one consumer takes, and they come fresh.

    Also when the consumer was killed and is back.
    """
    file = tmp_path / "stamps"

    def is_fresh() -> bool:
        return median(taken - captured for captured, taken in stamps(file)[-30:]) < 2 * WORK_S

    async def story(live: Live) -> None:
        await live.until_handled(20)
        await live.until(settles(live), "most to be taken")
        (source,) = (each for each in live.view().routines if each.name == "source")
        assert source.pace is not None
        assert source.pace < 2 / WORK_S
        os.kill(live.pid("sink"), signal.SIGKILL)
        await live.until(lambda: live.flow("sink").generation == 2, "the next generation")
        await live.until_handled(live.link().delivered + 20)
        await live.until(settles(live), "most to be taken again")
        await live.until(is_fresh, "fresh messages")

    source, sink = routine("source", "routines:Count"), routine("sink", "paced:Stamp", file=file, work_s=WORK_S)
    drops = link("source", "sink", policy=Policy.DROP_OLDEST)
    go(tmp_path, pipeline(source, sink, links=(drops,), pacing=Pacing.AUTO), story)


def test_the_fast_branch_is_not_starved(tmp_path: Path) -> None:
    """Behind a middle the faster of two consumers gets nearly all messages, and the slower one what it can take."""

    async def story(live: Live) -> None:
        await live.until_handled(30, place=1)
        await live.until(settles(live, place=1, over=100), "most to be taken")
        slow = live.link(2)
        assert slow.delivered + slow.in_flight < live.link(1).delivered / 2
        assert slow.dropped["oldest"]

    front = Flow("front", (Routine("source", "routines:Count"), Routine("pass_on", "routines:Pass")))
    fast = routine("fast", "paced:Stamp", file=tmp_path / "fast", work_s=0.01)
    slow = routine("slow", "paced:Stamp", file=tmp_path / "slow", work_s=0.1)
    links = [("front/source", "front/pass_on"), ("front/pass_on", "fast/fast"), ("front/pass_on", "slow/slow")]
    drops = tuple(link(a, b, policy=Policy.DROP_OLDEST) for a, b in links)
    go(tmp_path, pipeline(front, fast, slow, links=drops, pacing=Pacing.AUTO), story)


def test_a_script_has_its_sources_paced(tmp_path: Path) -> None:
    """With auto_pacing_mechanism a pipe's consumer gets nearly all that its source makes, and without it hardly any."""
    script = Script(
        tmp_path,
        """
        class Make(SourceRoutine):
            def __init__(self, made):
                super().__init__("make")
                self.made = made
            def main_logic(self):
                self.made.value += 1
                return {"number": self.made.value}

        class Work(DestinationRoutine):
            def __init__(self, taken):
                super().__init__("work")
                self.taken = taken
            def main_logic(self, data):
                time.sleep(0.02)
                self.taken.value += 1

        def runs(paced, is_meant):
            made, taken = RawValue("q", 0), RawValue("q", 0)
            pipe = Pipe(auto_pacing_mechanism=paced)
            pipe.create_flow("front", False, make := Make(made))
            pipe.create_flow("back", False, work := Work(taken))
            pipe.link(Wire(make, (work,)))
            pipe.build()
            pipe.notify_event(START_EVENT_NAME)
            until(lambda: taken.value >= 10)
            before = made.value, taken.value
            def is_as_meant():
                nonlocal before
                if taken.value < before[1] + 40:
                    return False
                after = made.value, taken.value
                share = (after[1] - before[1]) / (after[0] - before[0])
                before = after
                return is_meant(share)
            until(is_as_meant, "a share that is meant")
            pipe.join(to_kill=True)

        runs(True, lambda share: share > 0.7)
        runs(False, lambda share: share < 0.3)
        """,
    )
    script.works()

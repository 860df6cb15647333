"""Sources that slow down to what their consumers can take."""

from __future__ import annotations

import os
import signal
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


def test_a_source_settles_at_what_its_consumer_takes(tmp_path: Path) -> None:
    """A source that could do thousands a second makes about as many as one consumer takes, and they come fresh.

    Also when the consumer was killed and is back.
    """
    file = tmp_path / "stamps"

    async def settled(live: Live) -> None:
        before = live.link()
        await live.until_handled(before.delivered + 60)
        assert share_taken(before, live.link()) > 0.7, (before, live.link())

    async def story(live: Live) -> None:
        await live.until_handled(20)
        await settled(live)
        (source,) = (each for each in live.view().routines if each.name == "source")
        assert source.pace is not None
        assert source.pace < 2 / WORK_S
        os.kill(live.pid("sink"), signal.SIGKILL)
        await live.until(lambda: live.flow("sink").generation == 2, "the next generation")
        await live.until_handled(live.link().delivered + 20)
        await settled(live)

    source, sink = routine("source", "routines:Count"), routine("sink", "paced:Stamp", file=file, work_s=WORK_S)
    drops = link("source", "sink", policy=Policy.DROP_OLDEST)
    go(tmp_path, pipeline(source, sink, links=(drops,), pacing=Pacing.AUTO), story)
    got = stamps(file)
    assert median(taken - captured for captured, taken in got[-30:]) < 2 * WORK_S


def test_the_fast_branch_is_not_starved(tmp_path: Path) -> None:
    """Behind a middle the faster of two consumers gets nearly all messages, and the slower one what it can take."""

    async def story(live: Live) -> None:
        def fast() -> LinkView:
            return live.link(1)

        await live.until_handled(30, place=1)
        before = fast()
        await live.until_handled(before.delivered + 100, place=1)
        assert share_taken(before, fast()) > 0.7, (before, fast())
        slow = live.link(2)
        assert slow.delivered + slow.in_flight < fast().delivered / 2
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

        def share(paced):
            made, taken = RawValue("q", 0), RawValue("q", 0)
            pipe = Pipe(auto_pacing_mechanism=paced)
            pipe.create_flow("front", False, make := Make(made))
            pipe.create_flow("back", False, work := Work(taken))
            pipe.link(Wire(make, (work,)))
            pipe.build()
            pipe.notify_event(START_EVENT_NAME)
            until(lambda: taken.value >= 10)
            before = made.value, taken.value
            until(lambda: taken.value >= before[1] + 40)
            after = made.value, taken.value
            pipe.join(to_kill=True)
            return (after[1] - before[1]) / (after[0] - before[0])

        assert share(True) > 0.7
        assert share(False) < 0.3
        """,
    )
    script.works()

"""`make soak`: small messages over one deep link, for as long as you like; memory and descriptors have to stay flat."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from pipertd.definition.model import Pipeline
from tests.benchmarks.flatness import Sample, growth
from tests.benchmarks.job import SMALL_DEPTH
from tests.benchmarks.memory import memory_mib
from tests.benchmarks.ours import ended, flow, link, pipeline, routine
from tests.process.supervised import Live, supervised

_MESSAGES = 50_000_000
_FLOWS = ("source", "destination")


@dataclass
class _Watch:
    """Looks at the pipeline now and then, and prints what it sees."""

    live: Live
    began_s: float
    last_s: float
    last_count: int = 0

    def look(self) -> list[Sample]:
        """One sample of each process that is up."""
        now_s, delivered = time.monotonic(), self.live.link().delivered
        rate = (delivered - self.last_count) / max(now_s - self.last_s, 1e-9)
        self.last_s, self.last_count = now_s, delivered
        samples = [sample for name, pid in self._pids() if (sample := _sample(name, pid))]
        seen = "  ".join(
            f"{each.process} {each.rss_mib:.1f}/{each.rss_anon_mib:.2f} MiB {each.fds}" for each in samples
        )
        print(f"{now_s - self.began_s:8.1f} s  {delivered:>13,}  {rate:>9,.0f}/s  {seen}", flush=True)
        return samples

    def _pids(self) -> list[tuple[str, int]]:
        flows = [(flow.name, flow.pid) for flow in self.live.view().flows]
        return [("supervisor", os.getpid()), *((name, pid) for name, pid in flows if pid is not None)]


def _sample(process: str, pid: int) -> Sample | None:
    try:
        fds = len(os.listdir(f"/proc/{pid}/fd"))
        return Sample(process, memory_mib(pid, "VmRSS"), memory_mib(pid, "RssAnon"), fds)
    except (FileNotFoundError, ProcessLookupError, AssertionError):  # it has ended, or is about to
        return None


def _pipeline(messages: int) -> Pipeline:
    flows = [flow("source", routine("r", "Count", last=messages)), flow("destination", routine("r", "Drop"))]
    return pipeline(flows, [link("source/r", "destination/r", SMALL_DEPTH)])


async def _soak(folder: Path, messages: int, every_s: float) -> tuple[list[Sample], int, int]:
    """The samples, and how many messages were produced and delivered."""
    async with supervised(folder, _pipeline(messages)) as live:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, asyncio.current_task().cancel)  # type: ignore[union-attr]
        await live.until_handled(1)
        watch = _Watch(live, time.monotonic(), time.monotonic())
        over = asyncio.create_task(ended(live))
        samples: list[Sample] = []
        while not (await asyncio.wait({over}, timeout=every_s))[0]:
            samples += watch.look()
        await over
        watch.look()
        return samples, live.link().produced, live.link().delivered


def main() -> int:
    """The exit code is 0 when every message arrived and nothing grew."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("messages", type=int, nargs="?", default=_MESSAGES, help=f"how many ({_MESSAGES:,})")
    parser.add_argument("--every", type=float, default=10.0, metavar="SECONDS", help="between two looks (10)")
    asked = parser.parse_args()
    print(f"    time       messages        rate  RSS/RssAnon and descriptors of {', '.join(('supervisor', *_FLOWS))}")
    with tempfile.TemporaryDirectory(prefix="pipertd-soak-") as name:
        samples, produced, delivered = asyncio.run(_soak(Path(name), asked.messages, asked.every))
    print(f"\nproduced {produced:,}, delivered {delivered:,}: {'all' if produced == delivered else 'NOT all'}")
    verdicts = growth(samples)
    for verdict in verdicts:
        print(verdict)
    if not verdicts:
        print("too few looks to say whether anything grew: more messages, or a smaller --every")
    return 0 if produced == delivered == asked.messages and all(verdict.flat for verdict in verdicts) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)

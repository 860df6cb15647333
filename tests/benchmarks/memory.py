"""The private memory of an idle flow."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from tests.benchmarks.job import Job
from tests.benchmarks.ours import flow, link, pipeline, routine
from tests.process.supervised import supervised

_SETTLE_S = 1.0
MIB = 1 << 20


def run(_job: Job) -> dict[str, float]:
    """RssAnon of a flow that had a few messages and waits for more, in MiB."""
    with tempfile.TemporaryDirectory() as name:
        return {"rss_anon_mib": asyncio.run(_idle(Path(name)))}


async def _idle(folder: Path) -> float:
    flows = [flow("source", routine("r", "Count", 2.0)), flow("idle", routine("r", "Drop"))]
    async with supervised(folder, pipeline(flows, [link("source/r", "idle/r", 4)])) as live:
        await live.until_handled(2)
        await asyncio.sleep(_SETTLE_S)
        return memory_mib(live.pid("idle"), "RssAnon")


def memory_mib(pid: int, field: str) -> float:
    """A field of /proc/PID/status, in MiB."""
    found = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024 / MIB

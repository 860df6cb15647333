"""What a destination saw: how long messages took, and how many came a second. The same code on every side."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.benchmarks.job import WARM_UP_S

_NS = 1_000_000_000
_WARM_UP_NS = int(WARM_UP_S * _NS)


class Arrivals:
    """Latencies where the source is paced, and the rate where it is not; neither counts what came first."""

    def __init__(self, *, paced: bool) -> None:
        self.note = self._note_latency if paced else self._note_count
        self._latencies_ns: list[int] = []
        self._steady_ns = 0
        self._count = 0
        self._began_ns = 0
        self._last_ns = 0

    def _note_latency(self, now_ns: int, sent_ns: int) -> None:
        self._latencies_ns.append(now_ns - sent_ns)

    def _note_count(self, now_ns: int, _sent_ns: int) -> None:
        if self._began_ns:
            self._count += 1
            self._last_ns = now_ns
        elif not self._steady_ns:
            self._steady_ns = now_ns + _WARM_UP_NS
        elif now_ns >= self._steady_ns:
            self._began_ns = now_ns

    def report(self) -> dict[str, float]:
        """The figures; RuntimeError where too little came."""
        if self._latencies_ns:
            steady = self._latencies_ns[len(self._latencies_ns) // 5 :]
            p50, p99 = np.percentile(steady, (50, 99)) / 1000
            return {"p50_us": float(p50), "p99_us": float(p99), "messages": len(steady)}
        if self._count < 2:
            raise RuntimeError(f"only {self._count} messages arrived")
        return {"per_second": self._count * _NS / (self._last_ns - self._began_ns), "messages": self._count}

    def write(self, file: Path) -> None:
        """Leave the report in a file that is whole or not there."""
        part = file.with_suffix(".part")
        part.write_text(json.dumps(self.report()))
        part.rename(file)

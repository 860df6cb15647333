"""build/benchmarks.json: every raw round, on what machine, with which versions. Tables and plots come from it alone."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tests.benchmarks.alternate import NOT_MEASURED, Outcome
from tests.benchmarks.figures import FIGURES
from tests.benchmarks.machine import machine, versions
from tests.benchmarks.sweep import VALUES
from tests.benchmarks.table import Row, rows

FILE = Path(__file__).parents[2] / "build" / "benchmarks.json"
Curves = dict[str, list[tuple[int, float]]]  # by side: size in bytes and value, in order


class Results:
    """What was measured; a figure that is measured again replaces its former self."""

    def __init__(self, content: dict[str, Any] | None = None) -> None:
        self.content = content or {"figures": {}, "sweep": {}}

    @classmethod
    def load(cls) -> Results:
        """What is there; nothing where nothing is."""
        return cls(json.loads(FILE.read_text()) if FILE.exists() else None)

    def begin(self, *, quick: bool) -> None:
        """Say where and how the measurements that follow are made; what was made otherwise is forgotten."""
        how = {"machine": machine(), "versions": versions(), "quick": quick}
        if any(self.content.get(key) != value for key, value in how.items()):
            self.content = {**how, "figures": {}, "sweep": {}}
        self.content |= {"date": time.strftime("%Y-%m-%d"), "load_before": os.getloadavg()[0]}

    def keep_figure(self, name: str, measured: list[dict[str, Outcome]]) -> None:
        """The rounds of one figure, so far."""
        self.content["figures"][name] = measured
        self._save()

    def begin_sweep(self) -> None:
        """Forget the curves."""
        self.content["sweep"] = {kind: [] for kind in VALUES}

    def keep_point(self, kind: str, side: str, size_bytes: int, outcome: Outcome) -> None:
        """One point of a curve."""
        self.content["sweep"][kind].append({"side": side, "size_bytes": size_bytes, **outcome})
        self._save()

    def rows(self, names: Collection[str] | None = None) -> list[Row]:
        """The table, of what was measured; of the figures in ``names`` only, where given."""
        known = self.content["figures"]
        measured = {name: known[name] for name in known if names is None or name in names}
        return [row for figure in FIGURES if figure.name in measured for row in rows(figure, measured[figure.name])]

    def curves(self, kind: str) -> Curves:
        """The curves of one plot; points that are not measured are left out."""
        found: Curves = {}
        for point in self.content["sweep"].get(kind, ()):
            if NOT_MEASURED not in point:
                found.setdefault(point["side"], []).append((point["size_bytes"], point[VALUES[kind]]))
        return found

    def _save(self) -> None:
        FILE.parent.mkdir(exist_ok=True)
        part = FILE.with_suffix(".part")
        part.write_text(json.dumps(self.content, indent=1) + "\n")
        part.rename(FILE)

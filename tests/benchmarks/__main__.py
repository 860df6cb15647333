"""`make bench`: pipertd against its peers, in ratios, both sides of each measured in turn."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.benchmarks import document, plot, sweep
from tests.benchmarks.alternate import NOT_MEASURED, Outcome, measure, rounds
from tests.benchmarks.figures import FIGURES, Figure, Side
from tests.benchmarks.results import FILE, Results
from tests.benchmarks.table import as_text

SWEEP = "sweep"
_ROUNDS, _QUICK_ROUNDS = 5, 2
_QUICK_SECONDS = 0.4  # times


def main() -> int:
    """Measure, and say what came of it; the exit code says nothing about targets."""
    names = [*(figure.name for figure in FIGURES), SWEEP]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and short rounds, peers with a target only")
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--rounds", type=int, help=f"how many, instead of {_ROUNDS} (quick: {_QUICK_ROUNDS})")
    parser.add_argument("--write-docs", action="store_true", help="measure nothing; put what is there into the docs")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is cleaned up
    results = Results.load()
    if asked.write_docs:
        plot.draw(results)
        return document.part(results).main([])
    results.begin(quick=asked.quick)
    chosen, seconds = asked.only or names, _QUICK_SECONDS if asked.quick else 1.0
    count = asked.rounds or (_QUICK_ROUNDS if asked.quick else _ROUNDS)
    for figure in FIGURES:
        if figure.name in chosen:
            _measure(figure, results, count, seconds, quick=asked.quick)
    if SWEEP in chosen:
        _sweep(results, seconds, quick=asked.quick)
    print(f"\n{as_text(results.rows(chosen))}\n\nEvery round: {FILE}")
    return 0


def _measure(figure: Figure, results: Results, count: int, seconds: float, *, quick: bool) -> None:
    print(f"\n{figure.name}: {figure.what}", flush=True)

    def tell(number: int, side: Side, outcome: Outcome) -> None:
        value = _told(outcome, figure.value, figure.unit)
        print(f"  round {number} of {count}: {side.name:<24} {value}", flush=True)

    measured = []
    for one in rounds(figure.sides(essential=quick), count, seconds, tell):
        measured.append(one)
        results.keep_figure(figure.name, measured)


def _sweep(results: Results, seconds: float, *, quick: bool) -> None:
    results.begin_sweep()
    for kind, value in sweep.VALUES.items():
        for size_bytes in sweep.FEW_SIZES_BYTES if quick else sweep.SIZES_BYTES:
            print(f"\nsweep: {kind}, {size_bytes:,} bytes", flush=True)
            for side in sweep.sides(kind, size_bytes):
                outcome = measure(side, seconds)
                results.keep_point(kind, side.name, size_bytes, outcome)
                print(f"  {side.name:<24} {_told(outcome, value, '')}", flush=True)


def _told(outcome: Outcome, value: str, unit: str) -> str:
    if NOT_MEASURED in outcome:
        return f"not measured: {outcome[NOT_MEASURED]}"
    return f"{outcome[value]:,.1f} {unit}"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""What `pipertd run` says at the end: for people, or as one JSON document, and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipertd.supervisor.view import WORST_FIRST, LinkView, PipelineView, RoutineView, State


def in_a_line(pipelines: Sequence[PipelineView], invalid: int = 0) -> str:
    """``2 pipelines, 5 flows running, 1 backing off``: how many, in which states the flows are, and what is invalid.

    Those that are to be looked after come first; one that is paused counts as that, if it is up.
    """
    flows = [flow for view in pipelines for flow in view.flows]
    paused = sum(flow.paused and not flow.state.at_rest for flow in flows)
    states = Counter(flow.state for flow in flows if flow.state.at_rest or not flow.paused)
    running = states.pop(State.RUNNING, 0)
    said = [_count(len(pipelines), "pipeline"), f"{_count(running, 'flow')} running"]
    said += [f"{states[state]} {state.lower().replace('_', ' ')}" for state in WORST_FIRST if states[state]]
    said += [f"{paused} paused"] if paused else []
    said += [f"{_count(invalid, 'definition')} invalid"] if invalid else []
    return ", ".join(said)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def is_balanced(link: LinkView) -> bool:
    """Whether every message that was produced is accounted for."""
    dropped = sum(link.dropped.values())
    return link.produced == link.delivered + link.failed + dropped + link.quarantined + link.in_flight


def is_success(view: PipelineView) -> bool:
    """Whether nothing failed: no flow, no message, and every link balances."""
    clean = all(link.failed == 0 and link.quarantined == 0 and is_balanced(link) for link in view.links)
    return view.state in (State.EXITED, State.STOPPED) and clean and not any(one.failed for one in view.routines)


def document(view: PipelineView) -> dict[str, Any]:
    """The summary as JSON: durations in seconds, rates per second, null for what was not measured."""
    return {
        "pipeline": view.name,
        "state": view.state.value,
        "seconds": round(view.seconds, 3),
        "end_to_end": {"p50_s": view.end_to_end_p50_s, "p99_s": view.end_to_end_p99_s},
        "flows": [
            {
                "name": flow.name,
                "state": flow.state.value,
                "generation": flow.generation,
                "restarts": flow.restarts,
                "reason": flow.reason,
                "failure": flow.failure,
            }
            for flow in view.flows
        ],
        "routines": [
            {
                "flow": one.flow,
                "name": one.name,
                "kind": one.kind,
                "state": one.state,
                "handled": one.handled,
                "failed": one.failed,
                "rate": round(one.rate, 3),
                "p50_s": one.p50_s,
                "p99_s": one.p99_s,
            }
            for one in view.routines
        ],
        "links": [
            {
                "from": link.source,
                "to": link.destination,
                "policy": link.policy,
                "depth": link.depth,
                "produced": link.produced,
                "delivered": link.delivered,
                "failed": link.failed,
                "dropped": dict(link.dropped),
                "quarantined": link.quarantined,
                "in_flight": link.in_flight,
            }
            for link in view.links
        ],
    }


def summary(view: PipelineView) -> str:
    """The summary as lines of text that fit a terminal."""
    lines = [f"{view.name}: {view.state} after {view.seconds:.1f} s"]
    for flow in view.flows:
        restarts = f", {flow.restarts} restart{'s' if flow.restarts > 1 else ''}" if flow.restarts else ""
        lines.append(f"  flow {flow.name}: {flow.state}{restarts}{f' ({flow.reason})' if flow.reason else ''}")
    lines += ["", *_table([_ROUTINE_HEAD, *map(_routine_row, view.routines)])]
    lines += ["", *map(_link_line, view.links)]
    lines += ["", f"end to end: p50 {duration(view.end_to_end_p50_s)}, p99 {duration(view.end_to_end_p99_s)}"]
    return "\n".join(lines)


def duration(seconds: float | None) -> str:
    """A duration as a person reads it; a dash where there is none."""
    if seconds is None:
        return "-"
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


_ROUTINE_HEAD = ("routine", "handled", "failed", "per second", "p50", "p99")


def _routine_row(one: RoutineView) -> tuple[str, ...]:
    name = f"{one.flow}/{one.name}"
    return name, str(one.handled), str(one.failed), f"{one.rate:.1f}", duration(one.p50_s), duration(one.p99_s)


def _link_line(link: LinkView) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(link.dropped.items()))
    dropped = f"{sum(link.dropped.values())} dropped{f' ({reasons})' if reasons else ''}"
    sign = "=" if is_balanced(link) else "≠"
    return (
        f"{link.source} -> {link.destination}: {link.produced} produced {sign} {link.delivered} delivered + "
        f"{link.failed} failed + {dropped} + {link.quarantined} quarantined + {link.in_flight} in flight"
    )


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(cells)
        ).rstrip()
        for cells in (list(zip(row, widths, strict=True)) for row in rows)
    ]

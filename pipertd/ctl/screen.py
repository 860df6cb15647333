"""A status as lines of text: what ``pipertctl status`` prints once and ``top`` again and again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipertd.ctl.output import duration, size, table

if TYPE_CHECKING:
    from pipertd.client import records

OVER = ("STOPPED", "EXITED", "FAILED")
_WORTH_A_WORD = 0.01  # of pressure
_BAR = 5  # characters
_NOTHING = ("-", "0", "0.0")


def status_lines(status: records.Status) -> Iterator[str]:
    """All pipelines, with flows, routines and links."""
    if not status.pipelines:
        yield "no pipelines are loaded"
    for place, pipeline in enumerate(status.pipelines):
        if place:
            yield ""
        yield from pipeline_lines(pipeline)


def pipeline_lines(pipeline: records.Pipeline) -> Iterator[str]:
    """One pipeline."""
    over = all(flow.state in OVER for flow in pipeline.flows)
    title = f"{pipeline.name}: {pipeline.state} {'after' if over else 'for'} {duration(pipeline.seconds)}"
    yield f"{title} - {pipeline.description}" if pipeline.description else title
    yield ""
    flows = [_flow(flow) for flow in pipeline.flows]
    yield from _without_nothing(("FLOW", "STATE", "PID", "GENERATION", "RESTARTS", "FOR", "PRESSURE", "FAILURE"), flows)
    yield ""
    ends = [f"last end of {flow.name}: {flow.reason}" for flow in pipeline.flows if flow.reason]
    yield from (*ends, "") if ends else ()
    routines = [_routine(each) for each in pipeline.routines]
    yield from table(("ROUTINE", "KIND", "STATE", "HANDLED", "FAILED", "PER SECOND", "BUSY", "P50", "P99"), routines)
    yield ""
    columns = ("LINK", "PRODUCED", "DELIVERED", "FAILED", "DROPPED", "QUARANTINED", "IN FLIGHT", "PER SECOND")
    more = ("OLDEST", "BYTES", "LEASED", "BLOCKED BY")
    yield from _without_nothing((*columns, *more), [_link(link) for link in pipeline.links])
    p50, p99 = duration(pipeline.end_to_end_p50_s), duration(pipeline.end_to_end_p99_s)
    yield ""
    yield f"end to end: p50 {p50}, p99 {p99}"


def _flow(flow: records.Flow) -> tuple[str, ...]:
    return (
        flow.name,
        f"{flow.state}, paused" if flow.paused else flow.state,
        str(flow.pid or "-"),
        str(flow.generation),
        str(flow.restarts),
        duration(flow.seconds),
        _pressure(flow.pressure),
        flow.failure or "-",
    )


def _pressure(pressure: records.Pressure | None) -> str:
    """What a flow lacks, in percent; nothing where it lacks nothing worth a word."""
    shares = {"cpu": pressure.cpu, "memory": pressure.memory, "io": pressure.io} if pressure else {}
    return " ".join(f"{what} {share:.0%}" for what, share in shares.items() if share >= _WORTH_A_WORD) or "-"


def _routine(each: records.Routine) -> tuple[str, ...]:
    return (
        f"{each.flow}/{each.name}",
        each.kind or "-",
        each.state,
        str(each.handled),
        str(each.failed),
        f"{each.rate:.1f}",
        f"{'█' * round(each.busy * _BAR):░<{_BAR}} {each.busy:4.0%}",
        duration(each.p50_s),
        duration(each.p99_s),
    )


def _link(link: records.Link) -> tuple[str, ...]:
    dropped = " ".join(f"{count} {reason}" for reason, count in sorted(link.dropped.items()))
    return (
        f"{link.source} -> {link.destination}",
        str(link.produced),
        str(link.delivered),
        str(link.failed),
        dropped or "0",
        str(link.quarantined),
        f"{link.in_flight} of {link.depth}" if link.waiting else str(link.in_flight),
        f"{link.rate:.1f}",
        duration(link.oldest_age_s),
        size(link.bytes),
        f"{link.leased} by {', '.join(link.leased_by)}" if link.leased_by else str(link.leased),
        link.blocked_by or "-",
    )


def _without_nothing(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The table without the columns of bad news, where there is none: a link's line is long enough."""
    bad_news = {"PRESSURE", "FAILURE", "FAILED", "DROPPED", "QUARANTINED", "LEASED", "BLOCKED BY"}
    shown = [
        place
        for place, name in enumerate(columns)
        if name not in bad_news or any(row[place] not in _NOTHING for row in rows)
    ]
    return table([columns[place] for place in shown], [[row[place] for place in shown] for row in rows])

"""A status as lines of text: what ``pipertctl status`` prints, and ``top`` of one pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pipertd.ctl.output import duration, size
from pipertd.ctl.table import NOTHING, Column, Table
from pipertd.ctl.terminal import WHOLE, Colour, Style
from pipertd.harmless import in_a_line

if TYPE_CHECKING:
    from pipertd.client import records

OVER = ("STOPPED", "EXITED", "FAILED")
_WORTH_A_WORD = 0.01  # of pressure
_BAR = 5  # characters
_COLOURS = {
    "RUNNING": Colour.GREEN,
    "FAILED": Colour.RED,
    "KILLING": Colour.RED,
    "BACKING_OFF": Colour.YELLOW,
    "BLOCKED": Colour.YELLOW,
    "PAUSED": Colour.YELLOW,
    "STARTING": Colour.CYAN,
    "STOPPING": Colour.CYAN,
    "STOPPED": Colour.DIM,
    "EXITED": Colour.DIM,
}


def state_colour(text: str) -> Colour | None:
    """The colour of a state; one that is paused waits for somebody, whatever else it is."""
    return Colour.YELLOW if text.endswith(", paused") else _COLOURS.get(text)


def bad_news(text: str) -> Colour | None:
    """Red, where there is any."""
    return None if text in NOTHING else Colour.RED


FLOW_COLUMNS = (
    Column("FLOW"),
    Column("STATE", colour=state_colour),
    Column("PID", rank=2, number=True),
    Column("GENERATION", rank=5, number=True),
    Column("RESTARTS", rank=1, number=True),
    Column("FOR", rank=3, number=True),
    Column("MEMORY", rank=4, number=True, optional=True),
    Column("PRESSURE", optional=True, colour=bad_news),
    Column("FAILURE", optional=True, colour=bad_news),
)
ROUTINE_COLUMNS = (
    Column("ROUTINE"),
    Column("KIND", rank=6),
    Column("STATE", colour=state_colour),
    Column("HANDLED", rank=3, number=True),
    Column("FAILED", number=True, optional=True, colour=bad_news),
    Column("RATE", number=True),
    Column("BUSY", rank=2),
    Column("P50", rank=5, number=True),
    Column("P99", rank=4, number=True),
)
LINK_COLUMNS = (
    Column("LINK"),
    Column("PRODUCED", rank=4, number=True),
    Column("DELIVERED", number=True),
    Column("FAILED", number=True, optional=True, colour=bad_news),
    Column("DROPPED", optional=True, colour=bad_news),
    Column("QUARANTINED", number=True, optional=True, colour=bad_news),
    Column("IN FLIGHT", rank=2, number=True),
    Column("RATE", rank=3, number=True),
    Column("OLDEST", rank=6, number=True),
    Column("BYTES", rank=7, number=True),
    Column("LEASED", rank=5, optional=True),  # who keeps a producer waiting by it is under BLOCKED BY as well
    Column("BLOCKED BY", optional=True, colour=bad_news),
)


def status_lines(status: records.Status, style: Style = WHOLE) -> Iterator[str]:
    """All pipelines, with flows, routines and links."""
    if not status.pipelines:
        yield "no pipelines are loaded"
    for place, pipeline in enumerate(status.pipelines):
        if place:
            yield ""
        yield from pipeline_lines(pipeline, style)


def pipeline_lines(pipeline: records.Pipeline, style: Style = WHOLE) -> Iterator[str]:
    """One pipeline."""
    yield _title(pipeline, style)
    yield ""
    tables = [
        Table(FLOW_COLUMNS, [_flow(each) for each in pipeline.flows], style),
        Table(ROUTINE_COLUMNS, [_routine(each) for each in pipeline.routines], style),
        Table(LINK_COLUMNS, [_link(each) for each in pipeline.links], style),
    ]
    flows, routines, links = tables
    yield from flows.lines()
    yield ""
    ends = [f"last end of {flow.name}: {in_a_line(flow.reason)}" for flow in pipeline.flows if flow.reason]
    yield from (line for end in ends for line in style.wrapped(end))
    yield from [""] if ends else []
    yield from routines.lines()
    yield ""
    yield from links.lines()
    p50, p99 = duration(pipeline.end_to_end_p50_s), duration(pipeline.end_to_end_p99_s)
    yield ""
    yield f"end to end: p50 {p50}, p99 {p99}"
    yield from left_out_lines(tables, style)


def left_out_lines(tables: Iterable[Table], style: Style) -> Iterator[str]:
    """Which columns some tables have no room for; no line where they have it for all."""
    left_out = [title for table in tables for title in table.left_out]
    if left_out:
        for line in style.wrapped(f"left out for want of room (--wide): {', '.join(left_out)}"):
            yield style.painted(line, Colour.DIM)


def _title(pipeline: records.Pipeline, style: Style) -> str:
    """Its name and state, and its description as far as there is room."""
    over = all(flow.state in OVER for flow in pipeline.flows)
    lasted = f" {'after' if over else 'for'} {duration(pipeline.seconds)}" if pipeline.seconds or not over else ""
    title = f"{pipeline.name}: {pipeline.state}{lasted}"
    line = style.fitted(in_a_line(f"{title} - {pipeline.description}" if pipeline.description else title))
    state = f": {pipeline.state}"
    return line.replace(state, f": {style.painted(pipeline.state, state_colour(pipeline.state))}", 1)


def _flow(flow: records.Flow) -> tuple[str, ...]:
    return (
        flow.name,
        flow_state(flow),
        str(flow.pid or "-"),
        str(flow.generation),
        str(flow.restarts),
        duration(flow.seconds),
        size(flow.usage.memory_bytes) if flow.usage else "-",
        _pressure(flow.pressure),
        flow.failure or "-",
    )


def flow_state(flow: records.Flow) -> str:
    """Its state, and whether it is paused."""
    return f"{flow.state}, paused" if flow.paused else flow.state


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
        rate(each.rate) if each.pace is None else f"{each.rate:.1f} of {rate(each.pace)}",
        f"{'█' * round(each.busy * _BAR):░<{_BAR}} {each.busy:4.0%}",
        duration(each.p50_s),
        duration(each.p99_s),
    )


def rate(per_second: float) -> str:
    """Messages a second."""
    return f"{per_second:.1f}/s"


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
        rate(link.rate),
        duration(link.oldest_age_s),
        size(link.bytes),
        f"{link.leased} by {', '.join(link.leased_by)}" if link.leased_by else str(link.leased),
        link.blocked_by or "-",
    )

"""What each flow does and uses, as a row of ``top``: all of its routines and the links into it in a few numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from pipertd.clock import monotonic_s
from pipertd.ctl.output import duration, size
from pipertd.ctl.screen import flow_state, rate, state_colour
from pipertd.ctl.table import Column, Table
from pipertd.ctl.terminal import Style

if TYPE_CHECKING:
    from pipertd.client import records

COLUMNS = (
    Column("FLOW"),
    Column("STATE", colour=state_colour),
    Column("CPU", rank=1, number=True),
    Column("MEMORY", rank=2, number=True),
    Column("RATE", rank=3, number=True),
    Column("BUSY", rank=4, number=True),
    Column("WAITING", rank=5, number=True),
    Column("P99", rank=6, number=True),
    Column("FOR", rank=7, number=True),
)


class Row(NamedTuple):
    """One flow. Rate, share of the time at work and time of one message are those of its busiest routine.

    Attributes:
        cpu: share of one processor since the last look; None at the first one, and where no process runs.
        waiting: messages on the links into it from other flows.
    """

    name: str
    flow: records.Flow
    cpu: float | None
    memory: int
    rate: float
    busy: float
    waiting: int
    p99_s: float | None


ORDERS = {
    "name": lambda row: row.name,
    "cpu": lambda row: -(row.cpu or 0),
    "memory": lambda row: -row.memory,
    "rate": lambda row: -row.rate,
    "busy": lambda row: -row.busy,
    "waiting": lambda row: -row.waiting,
    "p99": lambda row: -(row.p99_s or 0),
}
_Process = tuple[str, str, int]  # pipeline, flow, generation


class Shares:
    """How much of a processor each flow takes, from one look to the next."""

    def __init__(self) -> None:
        self._before: dict[_Process, tuple[float, float]] = {}

    def between_looks(self, status: records.Status) -> Mapping[_Process, float]:
        """The share of each process that the last look saw too; 1 is one processor all the time."""
        now_s, before = monotonic_s(), self._before
        self._before = {
            (pipeline.name, flow.name, flow.generation): (now_s, flow.usage.cpu_s)
            for pipeline in status.pipelines
            for flow in pipeline.flows
            if flow.usage is not None
        }
        return {
            process: max(0.0, (cpu_s - before[process][1]) / (now_s - before[process][0]))
            for process, (_, cpu_s) in self._before.items()
            if process in before and now_s > before[process][0]
        }


def flow_table(status: records.Status, shares: Mapping[_Process, float], order: str, style: Style) -> Table:
    """All flows of all pipelines."""
    rows = [_row(pipeline, flow, shares) for pipeline in status.pipelines for flow in pipeline.flows]
    return Table(COLUMNS, [_cells(row) for row in sorted(rows, key=ORDERS[order])], style)


def _row(pipeline: records.Pipeline, flow: records.Flow, shares: Mapping[_Process, float]) -> Row:
    routines = [each for each in pipeline.routines if each.flow == flow.name]
    links = [each for each in pipeline.links if _flow_of(each.destination) == flow.name != _flow_of(each.source)]
    return Row(
        name=f"{pipeline.name}/{flow.name}",
        flow=flow,
        cpu=shares.get((pipeline.name, flow.name, flow.generation)),
        memory=flow.usage.memory_bytes if flow.usage else 0,
        rate=max((each.rate for each in routines), default=0.0),
        busy=max((each.busy for each in routines), default=0.0),
        waiting=sum(each.waiting for each in links),
        p99_s=max((each.p99_s for each in routines if each.p99_s is not None), default=None),
    )


def _flow_of(end: str) -> str:
    return end.partition("/")[0]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        flow_state(row.flow),
        "-" if row.cpu is None else f"{row.cpu:.0%}",
        size(row.memory),
        rate(row.rate),
        f"{row.busy:.0%}",
        f"{row.waiting}",
        duration(row.p99_s),
        duration(row.flow.seconds),
    )

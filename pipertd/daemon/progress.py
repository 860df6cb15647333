"""What `pipertd run` shows while it runs, on standard error: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pipertd.daemon.summary import duration
from pipertd.harmless import set_off
from pipertd.logs.record import LogRecord
from pipertd.supervisor.view import PipelineView, State

TERMINAL_S = 0.25
LINES_S = 5.0
_COLOURS = {State.RUNNING: "green", State.EXITED: "green", State.FAILED: "red", State.BACKING_OFF: "yellow"}
_LEVEL_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "red"}


class Progress:
    """Shows a view again and again until it is closed, and log records between."""

    def __init__(self, read: Callable[[], PipelineView]) -> None:
        self._read = read
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True) if sys.stderr.isatty() else None
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        self._show()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._live is not None:
            self._live.stop()

    def log(self, record: LogRecord) -> None:
        """Show one record."""
        where = "/".join(filter(None, (record.flow, record.routine)))
        if record.source == "output":
            text, style = f"{where} | {record.message}", "dim"
        else:
            clock = time.strftime("%H:%M:%S", time.localtime(record.time_s))
            text, style = (
                f"{clock} {record.level_name} {where}: {record.message}",
                _LEVEL_COLOURS.get(record.level_name, ""),
            )
            if record.exception:
                text = f"{text}\n{record.exception}"
        if self._live is None:
            print(set_off(text), file=sys.stderr)  # without rich, which takes a hundred times as long
        else:
            self._console.print(Text(set_off(text), style=style), soft_wrap=True)

    def _show(self) -> None:
        view = self._read()
        if self._live is not None:
            self._live.update(_tables(view), refresh=True)
        else:
            self._console.print(_line(view), soft_wrap=True)
        every_s = LINES_S if self._live is None else TERMINAL_S
        self._timer = asyncio.get_running_loop().call_later(every_s, self._show)


def _line(view: PipelineView) -> str:
    flows = ", ".join(f"{flow.name} {flow.state}" for flow in view.flows)
    links = ", ".join(f"{link.source} -> {link.destination} {link.delivered}/{link.produced}" for link in view.links)
    return f"{view.seconds:6.1f} s  {flows}; {links}"


def _tables(view: PipelineView) -> Group:
    flows = Table("flow", "state", "generation", "restarts", box=None, pad_edge=False)
    for flow in view.flows:
        state = Text(flow.state, style=_COLOURS.get(flow.state, ""))
        flows.add_row(flow.name, state, str(flow.generation), str(flow.restarts))
    routines = Table("routine", "state", "handled", "failed", "per second", "p50", "p99", box=None, pad_edge=False)
    for one in view.routines:
        numbers = (str(one.handled), str(one.failed), f"{one.rate:.1f}", duration(one.p50_s), duration(one.p99_s))
        routines.add_row(f"{one.flow}/{one.name}", one.state, *numbers)
    links = Table("link", "produced", "delivered", "waiting", "dropped", box=None, pad_edge=False)
    for link in view.links:
        dropped = str(sum(link.dropped.values()))
        name = f"{link.source} -> {link.destination}"
        links.add_row(name, str(link.produced), str(link.delivered), f"{link.waiting}/{link.depth}", dropped)
    title = Text(f"{view.name}  {view.state}  {view.seconds:.1f} s", style="bold")
    return Group(title, flows, "", routines, "", links)

"""Pipe: PipeRT2's way to describe and run a pipeline, from a script.

Source: the names of the methods and of their arguments are PipeRT2's.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pipertd.embedded.event_names import KILL_EVENT_NAME, START_EVENT_NAME, STOP_EVENT_NAME
from pipertd.embedded.fork import fork_zygote
from pipertd.embedded.network import QueueNetwork
from pipertd.embedded.order import order_of
from pipertd.embedded.records import default_logger
from pipertd.embedded.transmitter import BasicTransmitter, DataTransmitter
from pipertd.embedded.troupe import troupe_of
from pipertd.embedded.wire import Wire
from pipertd.errors import InvalidDefinition, LaunchFailed, PipertdError
from pipertd.flow.events import handlers_of
from pipertd.flow.routine import Host, Routine, made_name

if TYPE_CHECKING:
    from pipertd.embedded.supervision import Supervision

_NAME = "pipe"
_STOP_S = 10.0  # how long a flow has for its end where its script is gone, as long as under supervision


class Pipe:
    """A pipeline that a script describes, builds and runs; its flows are processes, supervised by the script.

    Args:
        logger: where the records of routines go; else the logger ``Pipe``, which shows them from INFO on.
        network: what links are like whose wire does not say: by default the newest message alone waits on a link.
        data_transmitter: what changes messages on links whose wire does not say; as a rule, nothing.
        auto_pacing_mechanism: whether sources slow down to what their consumers can take.
        shm_limit: how many bytes of shared memory the pipe may use; as a rule, half of what is free.
    """

    def __init__(
        self,
        *,
        logger: logging.Logger | None = None,
        network: QueueNetwork | None = None,
        data_transmitter: DataTransmitter | None = None,
        auto_pacing_mechanism: bool = False,
        shm_limit: int | None = None,
    ) -> None:
        self.logger = logger or default_logger()
        self.network = network or QueueNetwork()
        self.data_transmitter = data_transmitter or BasicTransmitter()
        self._paced = auto_pacing_mechanism
        self._shm_limit = shm_limit
        self.flows: dict[str, Sequence[Routine]] = {}
        self._wires: dict[int, Wire] = {}  # by source: the last one counts
        self._supervision: Supervision | None = None
        self._script = os.getpid()
        self._host = Host(read_published=lambda: 0, raise_event=self._raise_from_script, declare_waiting=lambda _: None)

    # -- what it is made of

    def create_flow(
        self, flow_name: str, auto_wire: bool, *routines: Routine, data_transmitter: DataTransmitter | None = None
    ) -> None:
        """A flow of these routines, linked in this order if ``auto_wire``.

        Raises:
            InvalidDefinition: there is a flow of that name, or something is no routine.
            PipertdError: the pipe is built.
        """
        self._check_unbuilt(f"create flow {flow_name}")
        if flow_name in self.flows:
            raise InvalidDefinition(f"cannot create flow {flow_name}: there is one of that name already")
        if not isinstance(auto_wire, bool):
            raise InvalidDefinition(
                f"cannot create flow {flow_name}: before its routines say if they are wired in order, True or False"
            )
        for each in routines:
            if not isinstance(each, Routine):
                raise InvalidDefinition(f"cannot create flow {flow_name}: {each!r} is no routine object")
            each._host = self._host  # noqa: SLF001 - as its flow does
            each.flow_name = flow_name
            each.name = each.name or made_name(type(each))  # its constructor called no other
        self.flows[flow_name] = routines
        if auto_wire:
            self.link(*(Wire(first, (second,), data_transmitter) for first, second in pairwise(routines)))

    def link(self, *wires: Wire) -> None:
        """Have routines linked by these wires; a second one from a source takes the place of the first, as in PipeRT2.

        Links that are gone by that are logged.

        Raises:
            InvalidDefinition: something is no wire.
            PipertdError: the pipe is built.
        """
        self._check_unbuilt("link routines")
        for each in wires:
            if not isinstance(each, Wire):
                raise InvalidDefinition(f"cannot link a {type(each).__name__}: say link(Wire(source, (destination,)))")
        for wire in wires:
            before = self._wires.get(id(wire.source))
            self._wires[id(wire.source)] = wire
            gone = [each for each in before.destinations if each not in wire.destinations] if before else []
            if gone:
                names = ", ".join(each.name for each in gone)
                self.logger.warning(
                    "no link from %s to %s: a later wire took its place; name all in one", wire.source.name, names
                )

    def build(self) -> None:
        """Start all flows, with the routines as they are now; return when they wait for the event ``start``.

        Every generation of a flow begins with the routines as they are now. Call it before the script starts threads:
        it forks.

        Raises:
            InvalidDefinition: routines or wires are not as they must be.
            LaunchFailed: the system does not let us, or a flow does not come up.
        """
        self._check_unbuilt("build the pipe")
        level = self.logger.getEffectiveLevel()
        troupe = troupe_of(self.flows, self._wires.values(), self.data_transmitter, level)
        try:
            zygote, line = fork_zygote(troupe, stop_s=_STOP_S)
        except OSError as reason:
            raise LaunchFailed(f"cannot build the pipe: {reason}") from reason
        # Only now: none of it is of use in a flow.
        from pipertd.definition.model import Pacing
        from pipertd.embedded.definition import half_of_what_is_free, pipeline_of
        from pipertd.embedded.last_line import call_at_exit
        from pipertd.embedded.supervision import Supervision

        handled = {event for routines in self.flows.values() for each in routines for event in handlers_of(type(each))}
        self._supervision = supervision = Supervision(zygote, line, self.logger, handled)
        try:
            call_at_exit(self._end_with_script)
            definition = pipeline_of(_NAME, self.flows, self._wires.values(), self.network)
            pacing = Pacing.AUTO if self._paced else Pacing.FREE
            supervision.begin(replace(definition, pacing=pacing, shm_limit=self._shm_limit or half_of_what_is_free()))
        except OSError as reason:
            self._end()
            raise LaunchFailed(f"cannot build the pipe: {reason}") from reason
        except BaseException:
            self._end()
            raise

    # -- while it is built

    def notify_event(
        self,
        event_name: str,
        routines_by_flow: Mapping[str, Sequence[str]] | None = None,
        specific_routine: str | None = None,
        **params: Any,
    ) -> None:
        """Send an event, and go on: it is carried out behind those that were sent before.

        ``start``, ``stop``, ``pause`` and ``resume`` are for routines, ``kill`` is for flows; all other names are those
        of the routines' own handlers. A target that does not exist is logged.

        Args:
            event_name: the event's name.
            routines_by_flow: flow → names of routines, an empty list for all of the flow; nothing for everybody.
            specific_routine: the name of one routine, in whichever flow it is, instead.
            params: the handlers' keyword arguments: scalars, strings, bytes, lists and dicts.

        Raises:
            MessageError: a parameter cannot be carried.
            TypeError: a name is no text, or the targets are not as they are written.
            PipertdError: the pipe is not built.
        """
        supervision = self.supervised(f"notify {event_name}")
        order = order_of(event_name, routines_by_flow or {}, specific_routine, params)
        supervision.take(order)

    def join(self, to_kill: bool = False) -> None:
        """Return when every flow has ended, as by ``kill``, which ``to_kill`` sends first; then nothing is left.

        Raises:
            PipertdError: the pipe is not built.
        """
        supervision = self.supervised("join")
        if to_kill:
            self.notify_event(KILL_EVENT_NAME)
        supervision.wait_over()
        self._end()

    def get_pipe_structure(self) -> dict[str, Any]:
        """The routines with their flows and the events of their own, and the events that all of them know."""
        return {
            "Routines": [
                {"flow_name": flow, "routine_name": each.name, "events": sorted(handlers_of(type(each)))}
                for flow, routines in self.flows.items()
                for each in routines
            ],
            "Events": [START_EVENT_NAME, STOP_EVENT_NAME, KILL_EVENT_NAME],
        }

    def _raise_from_script(self, event: str, targets: Mapping[str, list[str]], params: Mapping[str, Any]) -> None:
        """A routine's ``notify_event``, called by the script."""
        more = dict(params)
        routine = more.pop("specific_routine", None)
        self.notify_event(event, targets, routine, **more)

    def supervised(self, what: str) -> Supervision:
        """What runs the pipe, for those who want to do ``what`` with it.

        Raises:
            PipertdError: the pipe is not built, or this is not its script's process.
        """
        if os.getpid() != self._script:
            raise PipertdError(
                f"cannot {what}: only the script's own process has the pipe; in a routine say self.notify_event"
            )
        if self._supervision is None:
            raise PipertdError(f"cannot {what}: the pipe is not built; call build() first")
        return self._supervision

    def _check_unbuilt(self, what: str) -> None:
        if self._supervision is not None:
            raise PipertdError(f"cannot {what}: the pipe is built; make another Pipe")

    def _end_with_script(self) -> None:
        from pipertd.embedded.last_line import outlast

        if self._supervision is not None and os.getpid() == self._script:
            outlast(self._supervision, self.logger)
        self._end()

    def _end(self) -> None:
        """Stop what is up, in order, and leave nothing; but not where a process that the script forked ends."""
        if self._supervision is not None and os.getpid() == self._script:
            self._supervision.end()

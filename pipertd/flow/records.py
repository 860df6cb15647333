"""What writes the log records of a flow's process, each with the name of the routine that it is of."""

from __future__ import annotations

import logging

from pipertd.flow.member import ROUTINE_LOGGER, ROUTINE_THREAD
from pipertd.logs.destination import Handler, flow_handler
from pipertd.protocol import FlowSpec


def handler_of(spec: FlowSpec) -> Handler:
    """What the specification says; a record is a routine's by its logger, or else by the thread that it was logged on.

    Raises:
        OSError: its file cannot be opened.
    """
    routines = {routine.name for routine in spec.routines}

    def name_routine(record: logging.LogRecord) -> bool:
        by_logger = record.name.removeprefix(ROUTINE_LOGGER)
        record.routine = next((name for name in (by_logger, _routine_of_thread(record)) if name in routines), "")
        return True

    handler = flow_handler(spec.log, pipeline=spec.pipeline, flow=spec.flow, generation=spec.generation)
    handler.addFilter(name_routine)
    return handler


def _routine_of_thread(record: logging.LogRecord) -> str:
    return (record.threadName or "").removeprefix(ROUTINE_THREAD)

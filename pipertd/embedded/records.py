"""What flows write into their logs, handed to the script's own logging."""

from __future__ import annotations

import logging

from pipertd.logs.record import LogRecord

_FORMAT = "%(asctime)s — %(name)s — %(levelname)s — %(message)s"  # PipeRT2's


def default_logger() -> logging.Logger:
    """What a pipe has that was given none: it shows records from INFO on, by itself where the script shows none."""
    logger = logging.getLogger("Pipe")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)
    return logger


def notices_logger(logger: logging.Logger) -> logging.Logger:
    """Where the supervisor says what becomes of flows: a child of the script's, as a rule from WARNING on."""
    notices = logger.getChild("supervisor")
    if notices.level == logging.NOTSET:
        notices.setLevel(max(logging.WARNING, logger.getEffectiveLevel()))
    return notices


def hand_on(record: LogRecord, logger: logging.Logger) -> None:
    """Give a flow's record to ``logger``, as one of its child FLOW.ROUTINE; of our own only from WARNING on."""
    if record.level < logging.WARNING and record.is_ours:
        return
    name = ".".join(filter(None, (record.flow, record.routine)))
    child = logger.getChild(name) if name else logger
    if not child.isEnabledFor(record.level):
        return
    handed = child.makeRecord(child.name, record.level, record.flow, 0, record.message, (), None)
    handed.exc_text = record.exception or None
    handed.created, handed.msecs = record.time_s, float(int(record.time_s % 1 * 1000))  # a format has both
    child.handle(handed)

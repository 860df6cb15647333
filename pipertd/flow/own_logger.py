"""Loggers for what pipertd itself has to say in a flow, which no configuration of an author's silences."""

from __future__ import annotations

import logging


def own_logger(name: str) -> logging.Logger:
    """As ``logging.getLogger(name)``, with its level and handlers, but not to be found.

    ``dictConfig`` and ``fileConfig`` disable every logger that they find, unless told otherwise, and libraries call
    them: the failures of a routine would be counted, and be written nowhere.
    """
    logger = logging.Logger(name)  # noqa: LOG001 - it must not be found
    logger.parent = logging.getLogger(name)
    return logger

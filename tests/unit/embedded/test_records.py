"""What flows logged, as a script's logging has it."""

from __future__ import annotations

import io
import logging

from pipertd.embedded.records import hand_on
from pipertd.logs.record import LogRecord


def test_the_time_of_a_record_is_that_of_its_logging() -> None:
    """A format shows when a routine logged it, to the millisecond, and not when the script read it."""
    shown, logger = io.StringIO(), logging.getLogger("script-of-a-pipe")
    handler = logging.StreamHandler(shown)
    handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(name)s", "%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    hand_on(LogRecord(1_000_000_007.25, logging.INFO, "pipe", "flow", "routine", 1, "camera", "opens"), logger)
    assert shown.getvalue() == "47.250 script-of-a-pipe.flow.routine\n"

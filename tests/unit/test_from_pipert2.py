"""docs/from-pipert2.md: what it says is there can be imported, and what it says is not cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pipertd

PAGE = (Path(__file__).parents[2] / "docs" / "from-pipert2.md").read_text()
# What PipeRT2 2.3 and 2.4 give at their top, and what their README and demos import from below.
NAMES = """
    Pipe Wire Data FPSRoutine Network MessageHandler DataTransmitter QueueNetwork QueueHandler SharedMemoryTransmitter
    BasicTransmitter START_EVENT_NAME STOP_EVENT_NAME KILL_EVENT_NAME ROUTINE_NOTIFY_DURATIONS_INTERVAL FPS_MULTIPLIER
    SourceRoutine MiddleRoutine DestinationRoutine FunctionalMiddleRoutine Routine FrameData UNLINK UPDATE_FPS_NAME
    LOG_DATA CLEANUP NOTIFY_ROUTINE_DURATIONS_NAME APIWrapper RPCPipeWrapper class_functions_dictionary events
    get_socket_logger EventBoard EventHandler Flow Message Payload SharedMemoryManager FloatingRoutine UniqueRoutineName
    WiresValidation QueueNotInitialized GENERATOR_ROUTINE INNER_ROUTINE FINAL_ROUTINE
"""


def test_the_page_has_every_name_and_says_truly_whether_it_is_there() -> None:
    """The list of those that `pipertd` has stands on it, and no other name of PipeRT2's is in `pipertd`."""
    there = set(re.findall(r"`(\w+)`", PAGE.partition("<!-- in pipertd -->")[2].partition("<!-- end -->")[0]))
    names = NAMES.split()
    assert [name for name in names if f"`{name}" not in PAGE and f"`@{name}" not in PAGE] == []
    assert there == {name for name in names if name in pipertd.__all__}

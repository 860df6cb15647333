"""The name of every way in which a flow can fail: in status, in notices and in logs."""

from __future__ import annotations

from enum import StrEnum


class Failure(StrEnum):
    """How a flow failed. The names are a public contract; docs/supervision.md says what each means."""

    EXITED = "exited"
    KILLED = "killed"
    OUT_OF_MEMORY = "out_of_memory"
    START_DEADLINE = "start_deadline"
    PROGRESS_DEADLINE = "progress_deadline"
    STOP_DEADLINE = "stop_deadline"
    LOST_CONTACT = "lost_contact"
    START_LIMIT = "start_limit"
    LAUNCH_FAILED = "launch_failed"
    UNKNOWN = "unknown"

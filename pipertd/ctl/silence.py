"""gRPC's own lines on standard error: each of our errors is one line, which says what gRPC would beside it."""

from __future__ import annotations

import os

_VARIABLE, _SILENT = "GRPC_VERBOSITY", "NONE"


def silence_grpc() -> None:
    """Have gRPC write nothing, unless somebody wants it to; it asks when it is imported."""
    os.environ.setdefault(_VARIABLE, _SILENT)


def environment_of_authors() -> dict[str, str]:
    """Ours, but that gRPC writes in it as it does by itself: for a process with code that is not ours."""
    return {name: value for name, value in os.environ.items() if (name, value) != (_VARIABLE, _SILENT)}

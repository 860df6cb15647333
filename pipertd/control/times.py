"""Durations and timestamps of requests, in seconds: whatever a client wrote into their two numbers."""

from __future__ import annotations

from google.protobuf import duration_pb2, timestamp_pb2

from pipertd.control.errors import BadRequest


def seconds_of(duration: duration_pb2.Duration) -> float:
    """How long it is, in seconds; negative where it is.

    Raises:
        BadRequest: it is longer than 10,000 years, or its nanoseconds are not of its seconds.
    """
    try:
        duration.ToJsonString()  # checks; ToNanoseconds does not
    except ValueError as reason:
        raise BadRequest(f"cannot read a duration: {reason}") from None
    return duration.ToNanoseconds() / 1e9


def wall_s_of(timestamp: timestamp_pb2.Timestamp) -> float:
    """When it is, in seconds since 1970.

    Raises:
        BadRequest: it is not between the years 1 and 9999.
    """
    try:
        return timestamp.ToNanoseconds() / 1e9
    except ValueError as reason:
        raise BadRequest(f"cannot read a timestamp: {reason}") from None

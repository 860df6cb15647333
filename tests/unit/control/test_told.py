"""What authors' code says, as clients are told it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import reduce

import pytest

from pipertd.control.logs import record_message
from pipertd.control.messages import value_message
from pipertd.logs.record import LogRecord
from pipertd.rpc import event_pb2, log_pb2


def nested(wrap: Callable[[object], object]) -> object:
    innermost: object = "x"
    return reduce(lambda inner, _: wrap(inner), range(900), innermost)


_IN_LISTS = nested(lambda inner: [inner])
_IN_MAPPINGS = nested(lambda inner: {"a": inner})


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), 1e308, float("nan"), float("-inf"), b"x", {1, 2}, dt.date.max, _IN_LISTS, _IN_MAPPINGS],
    ids=["int", "-int", "most", "nan", "-inf", "bytes", "set", "date", "lists", "mappings"],
)
def test_whatever_a_record_carries_can_be_told(value: object) -> None:
    """A record that could not be sent, or not be read by a client, would keep all others behind it from everybody."""
    record = LogRecord(1.0, 20, "street", "analyse", "", 1, "x", "it moves", {"before": 1, "value": value})
    sent = log_pb2.ReadLogsResponse(record=record_message(record)).SerializeToString()
    assert log_pb2.ReadLogsResponse.FromString(sent).record.fields["before"] == 1
    answer = event_pb2.EventAnswer(value=value_message(value)).SerializeToString()
    assert event_pb2.EventAnswer.FromString(answer).HasField("value")


def test_what_lies_too_deep_is_said_to() -> None:
    """What is above it is told as it is."""
    told = str(value_message([1, _IN_LISTS]))
    assert "a list that lies too deep to be shown" in told
    assert "number_value: 1" in told

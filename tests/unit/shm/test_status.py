"""A routine's status page across its generations."""

from __future__ import annotations

import os

import pytest

from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger, create_ledger
from pipertd.shm.status import Activity, StatusWriter, read_status


@pytest.mark.parametrize(
    ("before", "begins_as"),
    [
        (Activity.WORKING, Activity.BEGINNING),
        (Activity.STOPPED, Activity.BEGINNING),
        (Activity.FAILED, Activity.BEGINNING),
        (Activity.ENDED, Activity.ENDED),
    ],
)
def test_a_new_generation_does_not_inherit_what_the_last_one_did(before: Activity, begins_as: Activity) -> None:
    """Only the end of the stream stays true; since when it is so is said anew."""
    fd = create_ledger(at.Shape())
    ledger = Ledger(fd, writable=True)
    StatusWriter(ledger).enter(before)
    since_s = read_status(ledger).since_s
    StatusWriter(ledger).begin("source", 2)
    fact = read_status(ledger)
    assert (fact.activity, fact.generation) == (begins_as, 2)
    assert fact.since_s > since_s
    os.close(fd)

"""A cgroup of version 2 for one test, gone behind it; it has no controllers, which the machine may use elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipertd.errors import NotDelegated
from pipertd.supervisor.cgroup import Cgroup
from pipertd.supervisor.delegation import Delegation, own_group
from tests.waiting import wait_until


@contextmanager
def scratch_delegation() -> Iterator[Delegation]:
    """A group below our own, as if it had been given to a daemon; skips the test where none can be made."""
    try:
        folder = own_group() / f"pipertd-test-{uuid.uuid4().hex}"
        folder.mkdir()
    except (NotDelegated, OSError) as reason:
        pytest.skip(f"needs a cgroup of version 2 to make groups in: {reason}; `make test-machine` has one")
    try:
        yield Delegation(folder, frozenset())
    finally:
        for each in (*folder.iterdir(), folder):
            if each.is_dir():
                Cgroup(each).kill()
                wait_until(Cgroup(each).remove, what=f"{each} is gone")

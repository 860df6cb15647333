"""What holds for every test: nothing of it is left when it is over, not even after a failure."""

from __future__ import annotations

import gc
import os
import signal
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.leaks import MARK, Belongings, GrpcWarmth, end_processes_since, leaked_since

_grpc_warmth = GrpcWarmth()


def pytest_configure() -> None:
    """Mark this run, so that every process which comes of it can be told from others."""
    os.environ[MARK] = uuid.uuid4().hex
    os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"  # or it opens descriptors when a test forks
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what is to run in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)  # else nobody whom a test interrupts would hear it
    hypothesis.settings.register_profile("no deadline", deadline=None)  # no test asserts a time
    hypothesis.settings.load_profile("no deadline")


def pytest_collection_finish() -> None:
    """Leave what all tests share out of every collection of garbage: a search makes thousands of them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """Fail a test, by name of what it left, that leaks a shared memory name, process, thread or descriptor."""
    with tempfile.TemporaryDirectory() as folder:
        _grpc_warmth.provide(Path(folder))
    before = Belongings.now()
    yield
    left = leaked_since(before)
    end_processes_since(before)
    if left:
        pytest.fail("this test left behind:\n  " + "\n  ".join(left), pytrace=False)

"""Commands that go on until Ctrl-C, where it finds them."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

SHOWING_WHERE_IT_WAITS = """
import signal, sys, traceback
def show(*_):
    traceback.print_stack()
    print("so far", file=sys.stderr, flush=True)
signal.signal(signal.SIGUSR1, show)
from pipertd.ctl.__main__ import main
main()
"""
ENDLESS = [("watch", "--from", "1"), ("logs", "-f"), ("tap", "p")]


@pytest.fixture
def counting(daemon: Daemon) -> Daemon:
    """A daemon with ``p``: a/count → b/sink."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers"))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


@contextmanager
def running(daemon: Daemon, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, when it has printed its first line."""
    command = [sys.executable, "-c", SHOWING_WHERE_IT_WAITS, "--address", daemon.address, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


def where_it_is(process: subprocess.Popen[str]) -> str:
    """The innermost call of its main thread, but for the one that tells."""
    assert process.stderr is not None
    process.send_signal(signal.SIGUSR1)
    stack = "".join(iter(process.stderr.readline, "so far\n"))
    return stack.split("  File ")[-2]


@pytest.mark.parametrize("arguments", ENDLESS, ids=lambda arguments: arguments[0])
def test_an_interrupt_finds_no_lock_of_grpc_taken(counting: Daemon, arguments: tuple[str, ...]) -> None:
    """The thread that Ctrl-C interrupts is never in gRPC's code while it waits for what comes next."""
    with running(counting, *arguments) as process:
        wait_until(lambda: "in until" in where_it_is(process), DEADLINE_S, "it to wait for more")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 130

"""A state directory without room: flows go on, the daemon answers, and what was kept back is written later."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.service import (
    DEFINITIONS,
    NUMBERS,
    STATE,
    flows,
    run,
    shown,
    start_and_deliver,
    until_another_main,
    wait_delivery,
)
from tests.waiting import wait_until

FILLER = STATE / "filler"
LONG = "E" * 250


@pytest.fixture
def small_disk(sandbox: None) -> Iterator[None]:
    """The state directory on a file system of two megabytes."""
    STATE.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", STATE)
    yield
    run("systemctl", "stop", "pipertd")
    run("umount", STATE)


def fill() -> None:
    """Leave room for nothing more."""
    with FILLER.open("wb", buffering=0) as filler:
        try:
            while filler.write(bytes(4096)):
                pass
        except OSError:
            return


def note(event: str) -> None:
    """Have a notice of it; no routine handles it."""
    subprocess.run(["pipertctl", "event", event, "numbers/back"], check=False, capture_output=True)


def written() -> str:
    return (STATE / "notices.jsonl").read_text()


def test_flows_go_on_and_what_happened_is_written_later(small_disk: None) -> None:
    """While it is full all commands work; when there is room, the notices of meanwhile are on the disk."""
    start_and_deliver()
    fill()
    run("pipertctl", "pause", "numbers/back")
    run("pipertctl", "resume", "numbers/back")
    run("systemctl", "reload", "pipertd")
    wait_delivery()
    events = [f"{LONG}{number}" for number in range(12)]  # more than the end of a page has room for
    for event in events:
        note(event)
    assert events[-1] not in written()
    FILLER.unlink()
    wait_delivery()
    note("ROOM")
    wait_until(lambda: all(event in written() for event in [*events, "ROOM"]), what="the notices of meanwhile")


def test_a_definition_that_works_is_kept_when_there_is_room(small_disk: None) -> None:
    """A reload on a full disk does what the file says; what it says is kept, for a start with a broken file, later."""
    kept, file = STATE / "definitions/numbers.proven", DEFINITIONS / "numbers.yaml"
    start_and_deliver()
    wait_until(kept.exists, what="the definition to be kept")
    before = kept.read_bytes()
    fill()
    try:
        file.write_text(NUMBERS.replace("fps: 50", "fps: 40"))
        run("systemctl", "reload", "pipertd")
        wait_delivery()
        assert kept.read_bytes() == before
        FILLER.unlink()
        wait_until(lambda: kept.read_bytes() != before, what="the new one to be kept")
    finally:
        file.write_text(NUMBERS)


def test_a_daemon_that_dies_is_replaced(small_disk: None) -> None:
    """The next one starts on the full disk, and adopts the flows."""
    start_and_deliver()
    before, old = int(shown("MainPID")), {name: flow["pid"] for name, flow in flows().items()}
    fill()
    os.kill(before, signal.SIGKILL)
    until_another_main(before)
    assert {name: flow["pid"] for name, flow in flows().items()} == old
    wait_delivery()
    assert Path(f"/proc/{old['back']}").exists()

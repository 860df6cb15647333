"""A daemon that lives and says nothing: nobody waits for it for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from pathlib import Path

import pytest

from pipertd.client import AsyncClient, Client, ClientError, DeadlineExceeded, Unreachable
from pipertd.client.records import Notice
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


def test_a_stopped_daemon_is_missed_and_found_again(daemon: Daemon, tmp_path: Path) -> None:
    """On a daemon that is stopped by SIGSTOP a call ends, streams notice, and they go on when it goes on."""
    write_definition(daemon.definitions / "numbers.yaml", counts(3), writes(tmp_path / "out"))
    process = daemon.start()
    daemon.wait_for("pipeline_ended")
    lost: set[str] = set()
    heard: dict[str, list[Notice]] = {"blocking": [], "awaited": []}

    async def watch() -> None:
        async with AsyncClient(daemon.address) as client:
            async for notice in client.status.watch(after_revision=0, on_lost=lambda _: lost.add("awaited")):
                heard["awaited"].append(notice)
                if [each.kind for each in heard["awaited"]].count("pipeline_ended") == 2:
                    return

    with Client(daemon.address) as client:
        notices = client.status.watch(after_revision=0, on_lost=lambda _: lost.add("blocking"))
        threads = [
            threading.Thread(target=heard["blocking"].extend, args=(notices,)),
            threading.Thread(target=lambda: asyncio.run(watch())),
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: all(heard.values()), DEADLINE_S, "both to hear")
        os.kill(process.pid, signal.SIGSTOP)
        try:
            with pytest.raises((DeadlineExceeded, Unreachable)):
                client.pipelines.start("numbers", timeout_s=1.0)
            wait_until(lambda: lost >= {"blocking", "awaited"}, DEADLINE_S, "both to notice")
        finally:
            os.kill(process.pid, signal.SIGCONT)
        _start_again(client)
        last = daemon.wait_for("pipeline_ended", count=2)["revision"]
        for notices_heard in heard.values():
            wait_until(lambda: notices_heard[-1].revision >= last, DEADLINE_S, "the last notice")  # noqa: B023
        notices.close()
        for thread in threads:
            thread.join(DEADLINE_S)
    for notices_heard in heard.values():
        assert [each.revision for each in notices_heard][:last] == list(range(1, last + 1))


def _start_again(client: Client) -> None:
    """Start the pipeline as soon as somebody answers; what the stopped daemon was asked for may have been done."""

    def started() -> bool:
        try:
            client.pipelines.start("numbers")
        except ClientError:
            return False
        return True

    wait_until(started, DEADLINE_S, "an answer")

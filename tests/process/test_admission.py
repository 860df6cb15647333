"""Shared memory is promised once: what one pipeline may still reserve no other one gets."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import Live, chain, flow, go


def test_two_pipelines_are_not_promised_the_same_memory(tmp_path: Path) -> None:
    """One that fits by itself is refused while another one runs that may need the memory, and fits behind it."""
    room = os.statvfs("/dev/shm")
    most = room.f_bavail * room.f_frsize * 3 // 5
    first = replace(chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "first")), shm_limit=most)
    second = replace(first, name="q")

    async def story(live: Live) -> None:
        await live.until(lambda: live.view().state is State.RUNNING, "the first one")
        await live.supervisor.load([second])
        (notice,) = live.notices(NoticeKind.FLOW_FAILED)
        assert notice.message.startswith("cannot start q: its shm_limit is")
        assert "promised to pipelines that run" in notice.message

    go(tmp_path, first, story)

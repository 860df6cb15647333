"""Definitions that work are kept, so that a daemon which finds their files broken can go on with them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from pipertd.daemon.proven import Proof, Proven
from pipertd.definition.check import check_classes
from pipertd.definition.document import Document
from pipertd.definition.model import Pipeline
from pipertd.definition.read import Reading
from pipertd.errors import cause_of
from pipertd.supervisor.aside import set_aside
from pipertd.supervisor.history import History
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import NoticeKind

TRY_AGAIN_S = 1.0

logger = logging.getLogger(__name__)


def open_proven(folder: Path, history: History) -> Proven:
    """Those that were kept; what cannot be read of them is set aside, and said."""

    def tell(path: Path, why: str) -> None:
        aside = set_aside(path)
        text = f"the proven definition in {path} cannot be read: {why}; it is kept as {aside}"
        history.record(NoticeKind.STATE_UNREADABLE, text, details={"path": str(aside)})

    return Proven(folder, tell)


async def keep_what_works(supervisor: Supervisor, proven: Proven) -> None:
    """Keep each definition that its file says as soon as it works, and forget those whose files went."""
    pipelines, is_said = supervisor.pipelines, False

    def due() -> list[Pipeline]:
        expected = pipelines.defined
        return [each for each in pipelines.working if each == expected.get(each.name) and not proven.holds(each)]

    while True:
        await supervisor.changes.until(lambda: bool(due()))
        try:
            if not pipelines.invalid:
                proven.forget_but({each.file.name for each in pipelines.defined.values() if each.file})
            for definition in due():
                await proven.keep(definition)
            is_said = False
        except OSError as reason:
            if not is_said:
                logger.error("cannot keep definitions that work, for a start with a broken file: %s", cause_of(reason))
            is_said = True
            await asyncio.sleep(TRY_AGAIN_S)


async def fall_back(file: Path, proof: Proof, supervisor: Supervisor, given_up: Callable[[], bool]) -> None:
    """Where a file cannot be used, go on with what worked of it, if that works still."""
    definition = proof.definition
    if definition.name in supervisor.definitions:  # adopted, or another file's by now
        return
    wrong = await asyncio.to_thread(check_classes, Reading(Document(file), definition, ()), given_up=given_up)
    if wrong:
        text = f"pipeline {definition.name} does not go on with the one of {_date(proof)} either: {wrong[0].text}"
    else:
        text = f"pipeline {definition.name} goes on with the one of {_date(proof)}, which worked: {file} cannot be used"
    details = {"file": str(file), "proven": _date(proof)}
    supervisor.history.record(NoticeKind.DEFINITION_INVALID, text, pipeline=definition.name, details=details)
    if not wrong:
        await supervisor.load([definition])


def _date(proof: Proof) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(proof.since_s))

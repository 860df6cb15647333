"""CheckDefinitions of the PipelineService: definitions that a client has at hand, checked in processes apart."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

from pipertd.control.errors import BadRequest, TooManyCalls
from pipertd.control.messages import problem_message
from pipertd.definition.apart import Verdict, check_apart
from pipertd.definition.parse import MOST_BYTES
from pipertd.rpc import definition_pb2

MOST_FILES = 64
MOST_NAME_BYTES = 255
ABREAST = 2  # each may take a whole processor
MOST_HERE = 16  # each holds what it was sent


class DefinitionChecker:
    """Checks some at a time; a few that come then wait."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(ABREAST)
        self._here = 0

    async def check(self, request: definition_pb2.CheckDefinitionsRequest) -> definition_pb2.CheckDefinitionsResponse:
        """What is wrong with the files of a request; no longer than its client waits.

        Raises:
            BadRequest: there are too many files, or one cannot be a file of definitions.
            TooManyCalls: as many as may be wait already.
        """
        files = _files(request.files)
        if self._here >= MOST_HERE:
            raise TooManyCalls(f"cannot check definitions now: {MOST_HERE} checks are here, {ABREAST} of them at work")
        self._here += 1
        try:
            async with self._turns:
                found = await _checked(files, request.classes)
        finally:
            self._here -= 1
        return definition_pb2.CheckDefinitionsResponse(
            problems=map(problem_message, found.problems), pipelines=found.pipelines
        )


async def _checked(files: dict[str, str], classes: bool) -> Verdict:
    given_up = threading.Event()
    try:
        return await asyncio.to_thread(check_apart, files, classes=classes, given_up=given_up.is_set)
    finally:
        given_up.set()


def _files(files: Iterable[definition_pb2.DefinitionFile]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        if not _is_plain(file.name):
            raise BadRequest(f"cannot check {file.name[:60]!r}: a file's name is plain text, without a folder")
        if file.name in found:
            raise BadRequest(f"cannot check {file.name}: it is sent twice")
        if len(file.text.encode()) > MOST_BYTES:
            raise BadRequest(f"cannot check {file.name}: it is larger than {MOST_BYTES} bytes")
        found[file.name] = file.text
    if len(found) > MOST_FILES:
        raise BadRequest(f"cannot check {len(found)} files: {MOST_FILES} are allowed at once")
    return found


def _is_plain(name: str) -> bool:
    return (
        name not in ("", ".", "..") and "/" not in name and name.isprintable() and len(name.encode()) <= MOST_NAME_BYTES
    )

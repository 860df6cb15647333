"""Files keep what every store of log records promises."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from pipertd.logs.files import FileLogs
from pipertd.logs.writer import FileHandler
from tests.store_laws import StoreLaws


class _Files:
    """Flows that write files, of which each begins a new one now and then."""

    pipeline = "street"
    max_bytes = 600_000

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def store(self) -> FileLogs:
        return FileLogs(self._folder)

    def write(self, flow: str, *texts: str, level: int = logging.INFO, **more: Any) -> None:
        log = self._handler(flow)
        for text in texts:
            log.handle(logging.makeLogRecord({"msg": text, "levelno": level, "name": "x", **more}))
        log.close()

    def print(self, flow: str, data: bytes) -> None:
        with self.store().flow_file(self.pipeline, flow).open("ab") as file:
            file.write(data)

    def remove_all(self) -> None:
        for file in self._folder.glob("*/*.log"):
            file.unlink()

    def _handler(self, flow: str) -> FileHandler:
        file = self.store().flow_file(self.pipeline, flow)
        return FileHandler(file, pipeline=self.pipeline, flow=flow, generation=1, max_bytes=self.max_bytes)


@pytest.fixture
def bench(tmp_path: Path) -> _Files:
    (tmp_path / "street").mkdir()
    return _Files(tmp_path)


class TestFiles(StoreLaws):
    """The laws, of files."""

"""A definition that is right, for tests to break."""

from __future__ import annotations

import textwrap
from pathlib import Path

from pipertd.definition.check import check_files

HERE = Path(__file__).parent

GOOD = f"""\
pipeline: street
description: What moves
path: [{HERE}]
flows:
  capture:
    routines:
      camera: {{class: routines_for_checks:Camera, params: {{width: 640}}, fps: 25}}
  analyse:
    restart: {{policy: always, backoff: 1s..2s, limit: 3 in 10s}}
    watchdog: {{start: 30s, progress: 5s, stop: 1s}}
    resources: {{cpus: [1], nice: 5, memory_max: 512M}}
    routines:
      blur: {{class: routines_for_checks:Blur}}
      store: {{class: routines_for_checks:Store, params: {{path: out}}}}
links:
  - {{from: camera, to: [blur], depth: 8}}
  - {{from: analyse/blur, to: [store]}}
"""


def written(folder: Path, text: str, name: str = "street.yaml") -> Path:
    file = folder / name
    file.write_text(textwrap.dedent(text))
    return file


def problems(folder: Path, text: str, *, timeout_s: float = 120.0) -> list[str]:
    """Each problem without the file's name in front: ``line:column: path: text``."""
    file = written(folder, text)
    return [str(each).removeprefix(f"{file}:") for each in check_files([file], timeout_s=timeout_s).problems]

"""Definition files for tests: the pipeline a → b on the routines of this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def write_definition(
    file: Path, source: dict[str, Any], sink: dict[str, Any], *, sink_flow: dict[str, Any] | None = None, **more: Any
) -> Path:
    """Write a definition named after the file; JSON is YAML.

    Args:
        file: where to; its stem is the pipeline's name.
        source: class and params of the routine ``a/count``.
        sink: class and params of the routine ``b/sink``.
        sink_flow: more settings of flow ``b``.
        more: more settings of the pipeline.
    """
    document = {
        "pipeline": file.stem,
        "path": [str(HERE)],
        "shm_limit": "16M",
        "flows": {
            "a": {"routines": {"count": source}},
            "b": {"routines": {"sink": sink}, **(sink_flow or {})},
        },
        "links": [{"from": "count", "to": ["sink"]}],
        **more,
    }
    file.write_text(json.dumps(document, indent=2))
    return file


def counts(amount: int | None = None) -> dict[str, Any]:
    """A source that counts to ``amount``, or for ever, at a pace that leaves the processors to others."""
    if amount is None:
        return {"class": "routines:Count", "fps": 200}
    return {"class": "routines:Count", "params": {"amount": amount}}


def writes(file: Path, pause_s: float = 0.0) -> dict[str, Any]:
    """A destination that writes numbers to ``file``."""
    return {"class": "routines:Write", "params": {"file": str(file), "pause_s": pause_s}}

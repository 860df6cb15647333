"""Results as documents, in JSON or YAML, and quantities in words."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

from msgspec import to_builtins

from pipertd.ctl.settings import Output


def print_document(document: Any, output: Output) -> None:
    """One JSON document, or one YAML document."""
    if output is Output.YAML:
        from ruamel.yaml import YAML

        yaml = YAML()  # in the order of JSON, a key a line
        yaml.width = sys.maxsize
        yaml.representer.add_representer(
            type(None), lambda representer, _: representer.represent_scalar("tag:yaml.org,2002:null", "null")
        )
        yaml.dump(json.loads(_text(document)), sys.stdout)
    else:
        print(_text(document, indent=2))


def print_line(document: Any, output: Output) -> None:
    """One of many documents in a stream: JSON on a line of its own, or a YAML document behind a separator."""
    if output is Output.YAML:
        print("---")
        print_document(document, output)
    else:
        print(_text(document))
    sys.stdout.flush()


def _text(document: Any, indent: int | None = None) -> str:
    return json.dumps(document, indent=indent, default=to_builtins)


def duration(seconds: float | None) -> str:
    """A duration in three digits and its unit; a dash where there is none."""
    if seconds is None:
        return "-"
    for unit, size in (("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def size(length: int) -> str:
    """A size in three digits and its unit, powers of 1024; a dash where there is nothing."""
    for unit, unit_bytes in (("G", 1024**3), ("M", 1024**2), ("K", 1024)):
        if length >= unit_bytes:
            return f"{length / unit_bytes:.3g}{unit}"
    return f"{length}" if length else "-"


def clock(time_s: float) -> str:
    """A time of day, local, to the millisecond."""
    return dt.datetime.fromtimestamp(time_s).astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

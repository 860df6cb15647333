"""``python -m pipertd.flow.describe``: what the classes of a pipeline are, asked by the check.

MessagePack in, a line of JSON for each class out. Runs in the pipeline's own interpreter, in a child process with a
deadline, because importing a class runs user code.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from pipertd.errors import LoadError
from pipertd.flow.loader import describe, load_class, wrong_params

GREETING = b"pipertd\n"  # what fails before this line is the interpreter, what fails behind it a class


def main() -> int:
    """Answer one request from standard input."""
    answer_fd = os.dup(1)
    os.dup2(2, 1)  # what user code prints at import is no part of the answer
    request = msgspec.msgpack.decode(sys.stdin.buffer.read())
    search_path = [Path(each) for each in request["path"]]
    with os.fdopen(answer_fd, "wb", buffering=0) as out:  # unbuffered: the next class may end the process
        out.write(GREETING)
        for each in request["classes"]:
            out.write(json.dumps(_answer(each["class"], each["params"], search_path)).encode() + b"\n")
    return 0


def _answer(class_path: str, params: dict[str, Any], search_path: list[Path]) -> dict[str, Any]:
    try:
        cls = load_class(class_path, search_path)
    except LoadError as reason:
        return {"error": str(reason)}
    return {**describe(cls), "problems": [vars(wrong) for wrong in wrong_params(cls, params)]}


if __name__ == "__main__":
    sys.exit(main())

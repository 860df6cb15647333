"""``python -m pipertd.flow.describe``: what classes there are, asked by the check; JSON in, JSON out.

Runs in the pipeline's own interpreter, in a child process with a deadline, because importing a class runs user code.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from pipertd.errors import LoadError
from pipertd.flow.loader import describe, load_class, wrong_params


def main() -> int:
    """Answer one request from standard input."""
    answer_fd = os.dup(1)
    os.dup2(2, 1)  # what user code prints at import is no part of the answer
    request = json.load(sys.stdin)
    search_path = [Path(each) for each in request["path"]]
    answers = [_answer(each["class"], each["params"], search_path) for each in request["classes"]]
    with os.fdopen(answer_fd, "w") as out:
        json.dump(answers, out)
    return 0


def _answer(class_path: str, params: dict[str, Any], search_path: list[Path]) -> dict[str, Any]:
    try:
        cls = load_class(class_path, search_path)
    except LoadError as reason:
        return {"error": str(reason)}
    return {**describe(cls), "problems": [vars(wrong) for wrong in wrong_params(cls, params)]}


if __name__ == "__main__":
    sys.exit(main())

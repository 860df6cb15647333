"""How a replay ended, in words."""

from __future__ import annotations

import signal

import pytest

from pipertd.ctl.replay import verdict


@pytest.mark.parametrize(
    ("status", "step", "said", "code"),
    [
        (0, "end", "main_logic ran through: the death is not reproduced", 0),
        (0, "main_logic", "main_logic ended the process with status 0", 1),
        (1, "main_logic", "main_logic failed, which is a death only under on_error: fail", 1),
        (1, "setup", "setup failed: the death is not reproduced", 1),
        (1, "", "the interpreter ended the process with status 1", 1),
        (9, "setup", "setup ended the process with status 9", 1),
        (-signal.SIGABRT, "main_logic", "main_logic was killed by SIGABRT: the abort is reproduced", 1),
        (-signal.SIGSEGV, "main_logic", "main_logic was killed by SIGSEGV: the death is reproduced", 1),
        (-signal.SIGSEGV, "setup", "setup was killed by SIGSEGV", 1),
        (-signal.SIGSEGV, "end", "the interpreter's end was killed by SIGSEGV", 1),
        (-signal.SIGINT, "main_logic", "interrupted in main_logic", 130),
    ],
)
def test_verdict_says_what_died_and_of_what(status: int, step: str, said: str, code: int) -> None:
    """Only a death in main_logic is reproduced, and only what came through is a success."""
    assert verdict(status, step) == (said, code)

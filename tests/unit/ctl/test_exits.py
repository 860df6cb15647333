"""What the command line adds to an error of the daemon."""

from __future__ import annotations

from pipertd.control.codes import REASONS
from pipertd.ctl.exits import _ADVICE_BY_REASON, _BY_REASON


def test_each_reason_is_one_that_the_daemon_says() -> None:
    """Advice under a name that no error has would never be given."""
    assert {*_ADVICE_BY_REASON, *_BY_REASON} <= {reason.name for reason in REASONS}

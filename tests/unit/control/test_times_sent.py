"""Times as clients get them."""

from __future__ import annotations

import pytest

from pipertd.control.messages import timestamp


@pytest.mark.parametrize("seconds", [1795632177.948, 1795632177.001, 0.0, 1795632177.999999])
def test_a_time_is_not_before_itself(seconds: float) -> None:
    """A float lies some nanoseconds beside the time that was meant; who cuts it still finds that millisecond."""
    assert timestamp(seconds).ToMicroseconds() * 1000 == timestamp(seconds).ToNanoseconds()
    assert timestamp(seconds).ToMicroseconds() == round(seconds * 1e6)

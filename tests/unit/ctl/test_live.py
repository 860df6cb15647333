"""Texts that are shown again and again: what ends the wait between two of them."""

from __future__ import annotations

import signal

from pipertd.ctl.live import Live


def test_a_signal_that_comes_before_the_wait_ends_it() -> None:
    """One that is noted after the last look at signals, and before the sleep, is no less heard than any other."""
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        with Live(full=False) as live:
            signal.raise_signal(signal.SIGUSR1)
            assert live.wait(None)
        assert heard == [signal.SIGUSR1]
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGUSR1, before)

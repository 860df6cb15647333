"""The sleep of a command: what ends it."""

from __future__ import annotations

import signal
import threading

from pipertd.ctl.waking import Sleep


def test_a_signal_that_comes_before_it_ends_it() -> None:
    """One that is noted after the last look at signals, and before the sleep, is no less heard than any other."""
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        with Sleep() as sleep:
            signal.raise_signal(signal.SIGUSR1)
            assert sleep.until(None)
        assert heard == [signal.SIGUSR1]
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_word_from_another_thread_ends_it() -> None:
    """Also one that came before, once; behind its end nobody hears it."""
    with Sleep() as sleep:
        sleep.wake()
        assert sleep.until(None)
        assert not sleep.until(0)
        threading.Thread(target=sleep.wake).start()
        assert sleep.until(None)
    sleep.wake()

"""A text that is shown again and again: on a terminal a screen of its own, elsewhere, and on a dumb one, one by one.

The screen is the terminal's alternate one, so that whatever stood there comes back, however the command ends. What is
typed meanwhile is not echoed; ``q`` ends it, as Ctrl-C does, and Ctrl-Z lends the terminal to the shell.

Source: xterm's control sequences (``?1049`` the alternate screen, ``?25`` the cursor, ``?7`` lines that go on in the
next); termios(3).
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Self

from pipertd.ctl.leaving import cleaning_up_when_told_to_end
from pipertd.ctl.terminal import Style, is_steered, style_of
from pipertd.ctl.waking import Sleep

_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


class Live:
    """Where the texts go, for as long as a ``with`` lasts, and what to wait for between two of them.

    Attributes:
        is_screen: each text stands in the last one's place.
    """

    def __init__(self, *, wide: bool = False, full: bool = True) -> None:
        """A screen where ``full`` and on a terminal; ``wide`` has lines as long as they are."""
        self._wide = wide
        self._between: Sequence[str] = ()  # two texts, where both stay
        self.is_screen = full and is_steered()
        self._sleep = Sleep()
        self._stack = ExitStack()
        self._screen = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._sleep)
            stack.enter_context(cleaning_up_when_told_to_end())
            if self.is_screen:
                stack.enter_context(self._handling_signals())
                stack.callback(self._leave_screen)
                self._take_screen()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def style(self) -> Style:
        """How to print, as wide as the terminal is now."""
        return style_of(wide=self._wide)

    def show(self, lines: Sequence[str]) -> None:
        """Show a text in place of the last one; what is below the end of a screen is not seen."""
        if not self.is_screen:
            print("\n".join([*self._between, *lines]), flush=True)
            self._between = ("",)
            return
        seen = lines[: os.get_terminal_size(sys.stdout.fileno()).lines or len(lines)]
        self._write(_HOME + "\r\n".join(f"{line}{_REST_OF_LINE}" for line in seen) + _REST_OF_SCREEN)

    def wake(self) -> None:
        """Have ``wait`` return; from any thread."""
        self._sleep.wake()

    def wait(self, seconds: float | None) -> bool:
        """Wait until it is woken, the window changes, or the time is over; whether to go on."""
        keys = [sys.stdin] if self.is_screen and sys.stdin.isatty() else []
        ready = self._sleep.until(seconds, *keys)
        return not (sys.stdin in ready and os.read(sys.stdin.fileno(), 1) in (b"q", b""))

    @contextmanager
    def _handling_signals(self) -> Iterator[None]:
        """Each that is handled ends the sleep; one without a handler would not."""
        handlers = {signal.SIGWINCH: lambda *_: None, signal.SIGTSTP: self._suspend}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _suspend(self, *_: object) -> None:
        """Ctrl-Z: give the terminal back, stop, and take it again when told to go on."""
        self._leave_screen()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take_screen()

    def _leave_screen(self) -> None:
        self._screen.close()

    def _take_screen(self) -> None:
        with ExitStack() as stack:
            stack.enter_context(_silent_keys())
            stack.callback(self._write, _LEAVE)
            self._write(_ENTER)
            self._screen = stack.pop_all()

    @staticmethod
    def _write(text: str) -> None:
        """Past Python's buffer, into which a signal's handler may not write while it is written to."""
        rest = text.encode(sys.stdout.encoding, "replace")
        while rest:
            rest = rest[os.write(sys.stdout.fileno(), rest) :]


@contextmanager
def _silent_keys() -> Iterator[None]:
    """Keys are read one by one and not echoed; Ctrl-C stays what it is."""
    if not sys.stdin.isatty():
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    silent = termios.tcgetattr(keyboard)
    silent[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(keyboard, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)

"""What the process does: waits for credit, then for news on the link, and answers with the newest message.

There is no bell for it: a producer that rang one would be slower for being looked at. So it looks again and again, but
only while it has credit, and seldom where nothing comes. Without credit it sleeps, for as long as that takes. Behind a
look it rests for four times as long as that took, so that it takes a fifth of a processor at most, and of what no
priority divides: the caches, and the way to the memory.
"""

from __future__ import annotations

import select
import socket
import time

from pipertd.clock import monotonic_s
from pipertd.protocol import TapSpec
from pipertd.tap.answer import answer
from pipertd.tap.link import Passed, TappedLink

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.004, 0.016
RESTS = 4.0
PATIENCE_S = 10.0
TOO_QUICK = "this one and those before it were gone or overtaken: the link is too quick, or the machine too busy"


class TapProcess:
    """Looks at one link for one client."""

    def __init__(self, spec: TapSpec, link: TappedLink, daemon: socket.socket) -> None:
        self._spec, self._link, self._daemon = spec, link, daemon
        self._news = select.poll()
        self._news.register(daemon, select.POLLIN)
        self._credit = 0
        self._next = link.head  # the first message that was neither sent nor skipped
        self._tried = max(-1, self._next - 2)  # the newest that was looked at; the one that passed last is worth it yet
        self._pause_s = SHORTEST_PAUSE_S
        self._not_before_s = 0.0
        self._waits_since_s = 0.0

    def run(self) -> None:
        """Look until the daemon ends its side; OSError where it is gone."""
        while self._hear():
            began_s = monotonic_s()
            if self._credit and began_s >= self._not_before_s:
                self._look()
                self._rest(began_s)

    def _hear(self) -> bool:
        """Wait until it is worth looking, and take what credit comes meanwhile; False at the daemon's end."""
        early_s = self._not_before_s - monotonic_s()
        if self._news.poll(max(self._pause_s, early_s) * 1000 if self._credit else None):
            granted = self._daemon.recv(4096)
            if not self._credit:
                self._waits_since_s = monotonic_s()
            self._credit += sum(granted)
            return bool(granted)
        return True

    def _look(self) -> None:
        newest = self._link.head - 1
        if newest <= self._tried:
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
            return
        self._tried, self._pause_s = newest, SHORTEST_PAUSE_S
        passed = self._link.read(newest)
        if passed is not None:
            self._send(passed)
        elif monotonic_s() > self._waits_since_s + PATIENCE_S:
            self._send(Passed(newest, time.monotonic_ns(), 0, omitted=TOO_QUICK))

    def _send(self, passed: Passed) -> None:
        skipped = max(0, passed.sequence - self._next)
        overtaken, self._link.overtaken = self._link.overtaken, 0
        content = answer(passed, self._spec, skipped=skipped, overtaken=min(skipped, overtaken))
        self._daemon.sendall(len(content).to_bytes(4, "little"))
        self._daemon.sendall(content)
        self._credit -= 1
        self._next = passed.sequence + 1
        self._waits_since_s = monotonic_s()
        self._not_before_s = self._waits_since_s + self._spec.interval_s

    def _rest(self, began_s: float) -> None:
        now_s = monotonic_s()
        self._not_before_s = max(self._not_before_s, now_s + RESTS * (now_s - began_s))

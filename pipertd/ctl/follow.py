"""Looks at the status, one after another, for ``top`` and ``status --watch``; the daemon may be away between two."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from pipertd.ctl.live import Live
from pipertd.ctl.outage import Outage
from pipertd.ctl.terminal import Colour

if TYPE_CHECKING:
    from pipertd.client import Client, records

AWAY_S = 1.0  # from one try to the next, while no daemon answers
AGAIN_S = 2.0  # from one look to the next on a screen, where no notice tells of rates and counts


class Looks:
    """Statuses, for as long as they are asked for. ``away`` says why the last one is not new, where it is not."""

    def __init__(self, client: Client, target: str | None, live: Live, every_s: float | None) -> None:
        """Look every ``every_s`` seconds; with None, when a notice tells of a change, for a screen also between."""
        self._client, self._target, self._live = client, target, live
        self._by_notices = every_s is None
        self._every_s = AGAIN_S if self._by_notices and live.is_screen else every_s
        self._last: records.Status | None = None
        self._listening = False
        self._outage = Outage()
        self.away = ""

    def __iter__(self) -> Iterator[records.Status]:
        while True:
            yield self._look()
            if not self._live.wait(AWAY_S if self.away else self._every_s):
                return

    def head(self) -> list[str]:
        """What stands above a look where nobody answers: what is waited for."""
        if not self.away:
            return []
        style = self._live.style()
        lines = style.wrapped(f"waiting for the daemon: {self.away}")
        return [*(style.painted(line, Colour.YELLOW) for line in lines), ""]

    def _look(self) -> records.Status:
        """The status; where no daemon answers, once more the last one.

        Raises:
            ClientError: it was refused, or there never was one.
        """
        from pipertd.client import DeadlineExceeded, Unreachable

        try:
            found = self._client.status.get(self._target)
        except (Unreachable, DeadlineExceeded) as reason:
            if self._last is None:
                raise
            if not self._live.is_screen:  # a screen has a line for it
                self._outage.begins(reason)
            self.away = str(reason)
            return self._last
        if self._by_notices and not self._listening:
            self._listen(found)
        self._outage.is_over()
        self._last, self.away = found, ""
        return found

    def _listen(self, behind: records.Status) -> None:
        """Wake for every notice behind a status, until no daemon answers any more; then once more."""
        self._listening = True
        threading.Thread(target=self._wake_for_notices, args=(behind,), daemon=True).start()

    def _wake_for_notices(self, behind: records.Status) -> None:
        from pipertd.client import ClientError

        whole = self._target.partition("/")[0] if self._target else None  # what goes takes all that is in it along
        with suppress(ClientError):  # the next look will say what is wrong
            for _ in self._client.status.watch(whole, after_revision=behind.revision, epoch=behind.epoch, resume=False):
                self._live.wake()
        self._listening = False
        self._live.wake()

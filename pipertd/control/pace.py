"""When a stream says how far it has come, with nothing else to say.

Soon where it passed over what its client does not want, so that one that comes back goes on there; and now and then in
any case, so that a client whose daemon is gone finds out. Never more often, however much is passed over.
"""

from __future__ import annotations

from pipertd.clock import monotonic_s

BEHIND_S = 1.0
QUIET_S = 15.0


class Pace:
    """The pace of one stream's progress markers; whoever sends anything says so."""

    def __init__(self) -> None:
        self._said_s = monotonic_s()

    def say(self) -> None:
        """Something was sent just now."""
        self._said_s = monotonic_s()

    def due_in_s(self, *, is_behind: bool) -> float:
        """How long until a marker is due; 0 or less where one is. ``is_behind``: the client knows less than we do."""
        return self._said_s + (BEHIND_S if is_behind else QUIET_S) - monotonic_s()

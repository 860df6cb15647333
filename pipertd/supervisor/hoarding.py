"""Who keeps so many slots that a producer has none left: named once, when it has lasted for a while."""

from __future__ import annotations

from collections.abc import Callable

from pipertd.names import Policy
from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.view import LinkView

HOARDING_S = 5.0  # a consumer that idles has its garbage collected within about a second


class Hoarding:
    """What one routine has to wait for, from look to look."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._handled = 0
        self._told = False

    def found(self, fact: RoutineFacts, read_links: Callable[[], list[LinkView]], now_s: float) -> LinkView | None:
        """The link whose slots are hoarded, the first time that the routine has been blocked by it for long enough.

        ``read_links`` gives its out-links, which take too long to be read at every look.
        """
        if fact.activity is not Activity.BLOCKED or fact.handled != self._handled:
            self._since_s, self._handled, self._told = None, fact.handled, False
            return None
        if self._since_s is None:
            self._since_s = now_s
        if self._told or now_s - self._since_s < HOARDING_S:
            return None
        hoarded = [
            link for link in read_links() if link.policy == Policy.WAIT and link.waiting < link.depth and link.leased_by
        ]
        self._told = bool(hoarded)
        return max(hoarded, key=lambda link: link.leased, default=None)

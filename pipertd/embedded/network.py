"""What links are like where a wire does not say."""

from __future__ import annotations

from dataclasses import dataclass

from pipertd.names import Policy


@dataclass(frozen=True)
class QueueNetwork:
    """PipeRT2's choice: one message waits on a link, the newest; who gives never waits.

    Args:
        max_queue_sizes: how many messages may wait on a link.
        put_block: whether a routine waits for room; otherwise the oldest message on the link is dropped, and counted.
        get_block: taken for PipeRT2's sake: a routine that waits for messages always hears events meanwhile.
        timeout: likewise.
    """

    max_queue_sizes: int = 1
    put_block: bool = False
    get_block: bool = True
    timeout: float = 1

    @property
    def policy(self) -> Policy:
        """What a full link does."""
        return Policy.WAIT if self.put_block else Policy.DROP_OLDEST

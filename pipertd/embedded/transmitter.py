"""How a message is changed on its way, where an author wants that: PipeRT2's data transmitters.

Source: the names and the two methods are PipeRT2's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from pipertd.flow.transmitted import Change


class DataTransmitter(ABC):
    """Derive from it to send something else than what a routine returned, and to make that of it again.

    Both methods are called in a flow, once for each of its generations, and what they return for each message.
    """

    @abstractmethod
    def transmit(self) -> Change:
        """What makes of a returned message what is sent."""

    @abstractmethod
    def receive(self) -> Change:
        """What makes of what was sent the message that ``main_logic`` takes."""


class BasicTransmitter(DataTransmitter):
    """Messages pass as they are."""

    def transmit(self) -> Change:
        """Nothing is done."""
        return _unchanged

    def receive(self) -> Change:
        """Nothing is done."""
        return _unchanged


class SharedMemoryTransmitter(BasicTransmitter):
    """Messages pass as they are: whatever transmits them, they pass in shared memory."""

    def __init__(self, data_size_threshold: int = 5000) -> None:
        """``data_size_threshold`` is taken for PipeRT2's sake: no message is too small for shared memory."""
        self.data_size_threshold = data_size_threshold


def _unchanged(data: Any) -> Any:
    return data

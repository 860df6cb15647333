"""Routines whose authors did what they should not."""

from __future__ import annotations

import logging.config
import os
import resource
import sys
import time
from typing import Any

from pipertd import DestinationRoutine, EndOfStream, SourceRoutine


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Flood(SourceRoutine):
    """Prints without a pause, and sends nothing."""

    def main_logic(self) -> None:
        print("x" * 60 + "\n" + "y" * 60)


class Endless(SourceRoutine):
    """Prints one line that never ends."""

    def main_logic(self) -> None:
        print("z" * 10_000, end="")


class Deep(SourceRoutine):
    """Sends messages that hold themselves, then one that does not."""

    def setup(self) -> None:
        self.sent = 0

    def main_logic(self) -> Any:
        if self.published:
            raise EndOfStream
        message: list[Any] = []
        self.sent += 1
        if self.sent < 3:
            message.append(message)
        return message


class Nasty(DestinationRoutine):
    """Does ``what`` at number 3 of its first generation."""

    what: str

    def main_logic(self, data: dict[str, int]) -> None:
        if data["number"] == 3 and self.generation == 1:
            getattr(self, self.what)()

    def fork_and_return(self) -> None:
        if os.fork():
            os.wait()

    def exit_thread(self) -> None:
        sys.exit("I am done")

    def interrupt(self) -> None:
        raise KeyboardInterrupt

    def end(self) -> None:
        raise EndOfStream

    def raise_unprintable(self) -> None:
        raise Unprintable

    def raise_much(self) -> None:
        raise RuntimeError("much " * 1_000_000)

    def say_without_room(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (os.fstat(1).st_size, before[1]))  # as on a full disk
        print("printed")
        self.logger.warning("logged")
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    def fail_in_silence(self) -> None:
        logging.config.dictConfig({"version": 1})  # which closes every handler, and disables every logger
        raise RuntimeError("heard all the same")

    def sleep(self) -> None:
        time.sleep(3600)

"""Routines that fail in every way that has a name."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time

from pipertd import DestinationRoutine, events
from pipertd.flow import channel


def connections() -> list[int]:
    """The descriptors of this process that are connected sockets of the daemon's."""
    found = []
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            with socket.socket(fileno=os.dup(fd)) as one:
                if one.family == socket.AF_UNIX and str(one.getpeername()).endswith("flows.sock"):
                    found.append(fd)
        except OSError:
            continue
    return found


class Failing(DestinationRoutine):
    """Says its last words at number 3 of each generation, and then does ``what``."""

    what: str
    done = False

    def setup(self) -> None:
        if self.what == "hang_in_setup":
            print("my last words")
            time.sleep(3600)  # here setup hangs

    def main_logic(self, data: dict[str, int]) -> None:
        if data["number"] == 3:
            print("my last words")
        if data["number"] >= 3:
            getattr(self, self.what, lambda: None)()

    @events("HELLO")
    def hello(self) -> int:
        return self.generation

    def cleanup(self) -> None:
        if self.what == "hang_in_cleanup":
            time.sleep(3600)  # here cleanup hangs

    def exit(self) -> None:
        os._exit(3)

    def exit_cleanly(self) -> None:
        os._exit(0)

    def crash(self) -> None:
        signal.raise_signal(signal.SIGSEGV)  # here it is struck

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def close_channel(self) -> None:
        if not self.done and (dialled := connections()):  # the first messages may come before the thread has dialled
            self.done = True
            os.close(dialled[0])
            print("closed its channel")

    def hang_up(self) -> None:
        if connections():
            channel.Channel._dial = lambda _: None  # type: ignore[assignment, method-assign]
            self.close_channel()

    def block_channel(self) -> None:
        vars(channel)["decode_to_flow"] = lambda _: time.sleep(3600)  # here it is deaf

    def end_channel(self) -> None:
        vars(channel)["decode_to_flow"] = lambda _: sys.exit()

    def hang(self) -> None:
        time.sleep(3600)  # here main_logic hangs

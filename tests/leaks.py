"""What a test must not leave behind: shared memory names, processes, threads and descriptors."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipertd.shm.segment import NAME_PREFIX

# Every process that a test starts inherits this, so that orphans are found too, whoever adopted them.
MARK = "PIPERTD_TEST_RUN"

# These end by themselves, but only when gRPC's last object was collected.
_THREADS_OF_GRPC = ("_poll_wrapper", "channel_spin")
_SETTLING_S = 120.0


@dataclass(frozen=True)
class Belongings:
    """What this test run holds at one moment; each set is of printable lines."""

    names: frozenset[str] = field(default_factory=frozenset)
    processes: frozenset[str] = field(default_factory=frozenset)
    threads: frozenset[str] = field(default_factory=frozenset)
    descriptors: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def now(cls) -> Belongings:
        """Look."""
        return cls(
            names=frozenset(str(path) for path in Path("/dev/shm").glob(f"{NAME_PREFIX}*")),  # others' are not ours
            processes=frozenset(_processes()),
            threads=frozenset(_threads()),
            descriptors=frozenset(_descriptors()),
        )

    def beyond(self, earlier: Belongings) -> list[str]:
        """What is here now and was not ``earlier``, a line each."""
        return [
            *(f"shared memory name {line}" for line in sorted(self.names - earlier.names)),
            *(f"process {line}" for line in sorted(self.processes - earlier.processes)),
            *(f"thread {line}" for line in sorted(self.threads - earlier.threads)),
            *(f"descriptor {line}" for line in sorted(self.descriptors - earlier.descriptors)),
        ]


def leaked_since(earlier: Belongings) -> list[str]:
    """What is left over since ``earlier``, when all that ends by itself had time to.

    The rubbish is collected and things get their time only when there is something to wait for.
    """
    left = Belongings.now().beyond(earlier)
    end_s = time.monotonic() + _SETTLING_S
    while left and time.monotonic() < end_s:
        gc.collect()
        time.sleep(0.05)
        left = Belongings.now().beyond(earlier)
    return left


def end_processes_since(earlier: Belongings) -> None:
    """SIGKILL to every process that came since ``earlier``, so that one bad test spoils no other."""
    for line in frozenset(_processes()) - earlier.processes:
        pid = int(line.split()[0])
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            continue


def _processes() -> Iterator[str]:
    own = os.getpid()
    mark = f"{MARK}={os.environ[MARK]}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == own:
            continue
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if int(parent) == own or mark in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                yield f"{folder.name} ({command or name})" + (", dead but never waited for" if state == "Z" else "")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue


def _threads() -> Iterator[str]:
    for thread in threading.enumerate():
        if not any(name in thread.name for name in _THREADS_OF_GRPC):
            yield f"{thread.name} ({thread.native_id})"


def _descriptors() -> Iterator[str]:
    for number in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except FileNotFoundError:
            continue
        if not target.startswith("/proc/"):
            yield f"{number} -> {target}"


class GrpcWarmth:
    """Lets gRPC open what it keeps open for the life of a process before a test could be blamed for it."""

    def __init__(self) -> None:
        self._warm = False

    def provide(self, folder: Path) -> None:
        """Use gRPC once, both ways, if anything imported it."""
        if self._warm or "grpc" not in sys.modules:
            return
        self._warm = True
        import grpc
        import grpc.aio

        address = f"unix://{folder}/warm.sock"

        async def use() -> None:
            server = grpc.aio.server()
            server.add_insecure_port(address)
            await server.start()
            async with grpc.aio.insecure_channel(address) as channel:
                await channel.channel_ready()
            await server.stop(None)

        asyncio.run(use())
        with grpc.insecure_channel(address) as channel, contextlib.suppress(grpc.RpcError):
            ask: Any = channel.unary_unary("/nobody/is/there")
            ask(b"")

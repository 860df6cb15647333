"""The daemon as its clients see it: what it is all its life comes from its composition, the rest is looked up."""

from __future__ import annotations

import os
from dataclasses import dataclass

from pipertd.control.limits import Count
from pipertd.control.messages import timestamp
from pipertd.control.roles import Role
from pipertd.rpc import authority_pb2, status_pb2


@dataclass(frozen=True)
class DaemonFacts:
    """What a daemon is, from its start to its end.

    Attributes:
        start_time_s: on the wall clock.
        definitions: folders, in the order in which they are read.
        cgroups_missing: why no cgroup holds its flows; empty where one does.
    """

    version: str
    pid: int
    start_time_s: float
    python: str
    runtime_dir: str
    state_dir: str
    definitions: tuple[str, ...]
    cgroups_missing: str
    cgroup_controllers: tuple[str, ...]
    descriptor_limit: int


def daemon_message(facts: DaemonFacts, role: Role | None, streams: Count) -> status_pb2.Daemon:
    """The daemon and its machine, as they are now, for a caller of ``role``."""
    room = os.statvfs("/dev/shm")
    return status_pb2.Daemon(
        version=facts.version,
        pid=facts.pid,
        start_time=timestamp(facts.start_time_s),
        python=facts.python,
        runtime_dir=facts.runtime_dir,
        state_dir=facts.state_dir,
        definitions=facts.definitions,
        role=authority_pb2.Role.ValueType(role or authority_pb2.ROLE_UNSPECIFIED),
        cgroups_missing=facts.cgroups_missing,
        cgroup_controllers=facts.cgroup_controllers,
        descriptor_limit=facts.descriptor_limit,
        shared_memory_bytes=room.f_blocks * room.f_frsize,
        shared_memory_free_bytes=room.f_bavail * room.f_frsize,
        open_streams=streams.open,
        most_streams=streams.most,
    )

"""Documents of the daemon, and of what commands do to files."""

from __future__ import annotations

from msgspec import Struct


class Daemon(Struct, frozen=True):
    """A daemon on its machine; ``role`` is the caller's."""

    version: str
    pid: int
    started_s: float
    python: str
    runtime_dir: str
    state_dir: str
    definitions: list[str]
    role: str
    cgroups_missing: str
    cgroup_controllers: list[str]
    descriptor_limit: int
    shared_memory_bytes: int
    shared_memory_free_bytes: int
    open_streams: int
    most_streams: int


class Version(Struct, frozen=True):
    """The version of the command line."""

    pipertctl: str


class Finding(Struct, frozen=True):
    """A ``fault``, ``risk`` or ``note``: what was found, what comes of it, and the command that mends it."""

    severity: str
    subject: str
    what: str
    why: str
    command: str


class Examination(Struct, frozen=True):
    """What a look at the machine found, and what it could not look at."""

    healthy: bool
    findings: list[Finding]
    left_out: list[str]


class Switched(Struct, frozen=True):
    """A definition that the daemon is to read or not, and whether that is new."""

    pipeline: str
    state: str
    changed: bool


class Made(Struct, frozen=True):
    """The files that were made."""

    files: list[str]


class Certificates(Made, frozen=True):
    """The same, with what the daemon's settings have to say of them."""

    settings: str

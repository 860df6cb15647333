"""How many descriptors the daemon may hold: each flow takes a handful of them, and each client one."""

from __future__ import annotations

import resource


def raise_descriptor_limit() -> None:
    """Take as many as the system allows. The usual 1024 are so few for programs that call select(); we do not."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))

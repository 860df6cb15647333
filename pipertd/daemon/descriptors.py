"""How many descriptors the daemon may hold: each flow takes a handful of them, and each client one."""

from __future__ import annotations

import resource


def raise_descriptor_limit() -> int:
    """Take as many as the system allows. The usual 1024 are so few for programs that call select(); we do not.

    Returns:
        How many there were before, as there are for the next daemon when it starts.
    """
    before, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    return allowed if before == resource.RLIM_INFINITY else before

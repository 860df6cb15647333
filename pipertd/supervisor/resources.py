"""What a flow may use, whether a cgroup holds it or not: affinity, nice, and where nothing better is there its data."""

from __future__ import annotations

import os
import resource

from pipertd.definition.model import Resources


def limit(pid: int, wanted: Resources, *, memory: bool = True) -> list[str]:
    """Apply ``wanted`` to a process that was just started; returns what could not be applied, in words.

    ``memory_max`` limits private memory only (RLIMIT_DATA): shared memory is bounded by the pipeline's ``shm_limit``.
    Without ``memory`` it is left out: a cgroup limits that.
    """
    problems = []
    try:
        if wanted.cpus is not None:
            os.sched_setaffinity(pid, wanted.cpus)
    except (OSError, ValueError) as reason:
        problems.append(f"cannot run on cpus {list(wanted.cpus or ())}: {reason}")
    try:
        if wanted.nice is not None:
            os.setpriority(os.PRIO_PROCESS, pid, wanted.nice)
    except OSError as reason:
        problems.append(f"cannot set nice {wanted.nice}: {reason}")
    try:
        if memory and wanted.memory_max is not None:
            resource.prlimit(pid, resource.RLIMIT_DATA, (wanted.memory_max, wanted.memory_max))
    except (OSError, ValueError) as reason:
        problems.append(f"cannot limit memory to {wanted.memory_max} bytes: {reason}")
    return problems

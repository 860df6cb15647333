"""What this daemon is, for those who ask it."""

from __future__ import annotations

import os
import resource
import sys

from pipertd import __version__
from pipertd.clock import wall_s
from pipertd.control.facts import DaemonFacts
from pipertd.daemon.settings import Settings
from pipertd.supervisor.cgroups import Cgroups


def daemon_facts(settings: Settings, cgroups: Cgroups) -> DaemonFacts:
    """The facts of the process that starts now."""
    descriptor_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return DaemonFacts(
        version=__version__,
        pid=os.getpid(),
        start_time_s=wall_s(),
        python=sys.executable,
        runtime_dir=str(settings.runtime_dir),
        state_dir=str(settings.state_dir),
        definitions=tuple(str(folder) for folder in settings.definitions),
        cgroups_missing=cgroups.why_not,
        cgroup_controllers=cgroups.controllers,
        descriptor_limit=descriptor_limit,
    )

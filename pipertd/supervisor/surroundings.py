"""What all flows of one daemon share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from pipertd.logs.store import LogStore
from pipertd.protocol import QuarantineSpec
from pipertd.supervisor.cgroups import Cgroups
from pipertd.supervisor.channel import FlowChannel
from pipertd.supervisor.custody import Custody
from pipertd.supervisor.history import History
from pipertd.supervisor.launcher import ExecLauncher, Launcher
from pipertd.supervisor.pulse import Pulse
from pipertd.supervisor.stacks import StacksFolder
from pipertd.supervisor.strays import Strays


@dataclass(frozen=True)
class Surroundings:
    """The daemon's places and means, as a flow sees them."""

    runtime_dir: Path
    stacks: StacksFolder
    logs: LogStore
    history: History
    channel: FlowChannel
    pulse: Pulse
    quarantine: QuarantineSpec
    orphan_timeout_s: float
    cgroups: Cgroups
    custody: Custody
    starts: asyncio.Semaphore  # many at once only slow each other down, and the daemon with them
    launcher: Launcher = field(default_factory=ExecLauncher)
    strays: Strays = field(default_factory=Strays)

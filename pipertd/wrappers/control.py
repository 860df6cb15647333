"""The daemon's gRPC server, over the supervisor of a script's pipe."""

from __future__ import annotations

import os
import resource
import socket
import sys
from pathlib import Path

from pipertd import __version__
from pipertd.clock import wall_s
from pipertd.control.doors import SocketDoor
from pipertd.control.facts import DaemonFacts
from pipertd.control.roles import Role
from pipertd.control.server import ControlServer
from pipertd.embedded.supervision import Scene
from pipertd.errors import SettingsError
from pipertd.supervisor.reload import Reloader

_UNIX = "unix://"


def path_of(endpoint: str) -> Path:
    """The socket of an endpoint, which is written ``unix:///run/me/pipe.sock``.

    Raises:
        SettingsError: it is written otherwise, or somebody serves there.
    """
    path = Path(endpoint.removeprefix(_UNIX))
    if not endpoint.startswith(_UNIX) or not path.is_absolute():
        raise SettingsError(
            f"cannot serve at {endpoint}: a pipe is served at a Unix socket, such as unix:///run/user/1000/pipe.sock; "
            "what listens to a network is pipertd serve, with TLS"
        )
    with socket.socket(socket.AF_UNIX) as attempt:
        if attempt.connect_ex(str(path)) == 0:
            raise SettingsError(f"cannot serve at {endpoint}: somebody does already; choose another path")
    return path


async def open_control(scene: Scene, path: Path) -> ControlServer:
    """Serve at that socket; whoever may open it may do everything.

    Raises:
        SettingsError: the socket cannot be made.
    """
    # Nothing is loaded from files here, and classes are those of the script, which nobody else can import.
    reloader = Reloader([scene.folder], scene.supervisor, check=lambda *_, **__: [])
    server = ControlServer(scene.supervisor, reloader, scene.logs, scene.quarantine, _facts(scene.folder))
    try:
        await server.open([SocketDoor(path, Role.ADMIN, "")])
    except OSError as reason:
        raise SettingsError(f"cannot serve at {path}: {reason}") from reason
    return server


def _facts(folder: Path) -> DaemonFacts:
    return DaemonFacts(
        version=__version__,
        pid=os.getpid(),
        start_time_s=wall_s(),
        python=sys.executable,
        runtime_dir=str(folder),
        state_dir=str(folder),
        definitions=(),
        cgroups_missing="a script has none",
        cgroup_controllers=(),
        descriptor_limit=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    )

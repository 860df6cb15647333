"""Whether a flow can have the credentials that its definition names, before it is started.

They are files that systemd lays out for the service. Here it is only asked whether they are there: nothing of the
daemon ever opens one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipertd.errors import LaunchFailed
from pipertd.protocol import CREDENTIALS_DIRECTORY


def check_credentials(target: str, named: Sequence[str], environment: Mapping[str, str]) -> None:
    """Whether a flow with this environment finds each of them.

    Raises:
        LaunchFailed: one is not there, or not to be read; says how to give it.
    """
    folder = environment.get(CREDENTIALS_DIRECTORY, "")
    missing = [name for name in named if not folder or not os.access(Path(folder) / name, os.R_OK)]
    if missing:
        what = f"credential{'' if len(missing) == 1 else 's'} {', '.join(missing)}"
        where = f"{folder} does not have" if folder else "nobody gave the daemon"
        raise LaunchFailed(
            f"cannot start {target}: {where} the {what} (say LoadCredential={missing[0]}:FILE in a drop-in, "
            "`systemctl edit pipertd`, and restart the service)"
        )

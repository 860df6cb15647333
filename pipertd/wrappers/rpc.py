"""RPCPipeWrapper: a pipe served by gRPC.

Source: the names are PipeRT2's, where it is zerorpc.
"""

from __future__ import annotations

import functools

from pipertd.embedded.pipe import Pipe
from pipertd.wrappers.control import open_control, path_of


class RPCPipeWrapper:
    """Serves the API of the daemon for one pipe: ``pipertctl --address ENDPOINT`` and all clients speak it."""

    def __init__(self, pipe: Pipe) -> None:
        """``pipe`` is built by the time that it is served. Build all pipes of a script before: gRPC minds a fork."""
        self.pipe = pipe

    def run_rpc_server(self, endpoint: str) -> None:
        """Serve until every flow has ended, as by ``kill``; then the pipe is over, and nothing is left.

        Args:
            endpoint: a Unix socket, written ``unix:///run/user/1000/pipe.sock``; who may open it may do everything.

        Raises:
            SettingsError: nobody can serve there, or somebody does.
            PipertdError: the pipe is not built.
        """
        supervision = self.pipe.supervised(f"serve at {endpoint}")
        supervision.attend(functools.partial(open_control, path=path_of(endpoint)))
        self.pipe.join()

"""``python -m pipertd.flow.warm PIPELINE/FLOW IMPORTS DOOR``: a zygote of the daemon's, with the code of one flow.

IMPORTS and DOOR are descriptors. It runs no routine; generations of the flow are forked from it. Exit status: 0 the
daemon is gone, or does not need it; 1 the code cannot be imported, or cannot be forked.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import sys
import threading
from pathlib import Path

import msgspec

from pipertd.errors import LoadError
from pipertd.flow.forked import as_child, shed_parent, told_spec
from pipertd.flow.lifetime import UNUSABLE, live
from pipertd.flow.loader import load_class
from pipertd.flow.member import made_of_class
from pipertd.flow.records import handler_of
from pipertd.flow.zygote import Zygote
from pipertd.forking import Fork, Imports, Ready, send
from pipertd.logs.destination import open_output
from pipertd.logs.printed import take_prints


def main(arguments: list[str]) -> int:
    """Import, say so, and fork when asked."""
    target, imports_fd, line_fd = arguments
    with os.fdopen(int(imports_fd), "rb") as told:
        imports = msgspec.msgpack.decode(told.read(), type=Imports)
    line = socket.socket(fileno=int(line_fd))
    os.set_inheritable(line.fileno(), False)
    watch = _Watch(line)
    try:
        for each in imports.class_paths:
            load_class(each, [Path(folder) for folder in imports.path])
    except LoadError as reason:
        return _cannot(target, str(reason))
    watch.end()
    others = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
    if others:
        return _cannot(target, f"importing it started threads ({', '.join(others)}), which no fork has")
    try:
        send(line, Ready())
    except OSError:  # the daemon went meanwhile
        return 0
    Zygote(line, None, _enter, stop_s=0.0).run()
    return 0


def _cannot(target: str, why: str) -> int:
    sys.stderr.write(f"cannot fork {target}, each generation is a Python of its own: {why}\n")
    return 1


def _enter(request: Fork, fds: list[int]) -> int:
    shed_parent(request)
    return as_child(request.flow, lambda: _live(request, fds))


def _live(request: Fork, fds: list[int]) -> int:
    spec = told_spec(request, fds)
    try:
        output = open_output(spec.log, pipeline=spec.pipeline, flow=spec.flow)
        handler = handler_of(spec)
    except OSError as reason:
        sys.stderr.write(f"cannot run a flow: {reason}\n")
        return UNUSABLE
    for standard in (1, 2):
        os.dup2(output, standard)  # the file may be another one by now than when the zygote was started
    os.close(output)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    take_prints(handler.prints)
    return live(spec, handler, made_of_class, settles=request.settles)


class _Watch:
    """Ends this process when the daemon goes, while an import may take for ever."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._over, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        ready, _, _ = select.select([self._line.fileno(), self._over], [], [])
        if self._over not in ready:
            os._exit(0)

    def end(self) -> None:
        """Watch no more; the thread is gone then."""
        os.close(self._end)
        self._thread.join()
        os.close(self._over)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

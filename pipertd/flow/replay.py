"""``python -m pipertd.flow.replay FOLDER [--debug]``: a message that was put aside, through its routine once more.

There is one thread and no link, so a debugger sees the author's code and little else. ``FOLDER`` holds ``about.json``
and ``payload``, as in quarantine; its file ``step`` says what was under way when the process died.

Exit status: 0 it ran through, 1 something raised.
"""

from __future__ import annotations

import bdb
import faulthandler
import logging
import reprlib
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from pipertd.clock import monotonic_s, wall_s
from pipertd.errors import LoadError, PipertdError
from pipertd.flow.authored import leave_if_forked, without_our_frames
from pipertd.flow.loader import build, load_class
from pipertd.flow.messages import reader_of, taken_type
from pipertd.flow.routine import Envelope, Host, Routine
from pipertd.flow.synced import synced_of
from pipertd.quarantine import PutAside
from pipertd.shm.codec import Decoder

WELL, FAILED = 0, 1

logger = logging.getLogger("pipertd.routine")


def main(arguments: list[str]) -> int:
    """Replay the message in the folder that is named first."""
    faulthandler.enable()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    folder, debug = Path(arguments[0]), "--debug" in arguments[1:]
    about = msgspec.json.decode((folder / "about.json").read_bytes(), type=PutAside)
    try:
        _Replay(about, folder).run(debug=debug)
    except PipertdError as reason:  # no code of the author's is at fault
        print(reason, file=sys.stderr)
    except bdb.BdbQuit:
        print("the debugger was left", file=sys.stderr)
    except (Exception, SystemExit) as reason:
        traceback.print_exception(*without_our_frames(reason))
    else:
        return WELL
    return FAILED


class _Replay:
    """One message and its routine."""

    def __init__(self, about: PutAside, folder: Path) -> None:
        self._about = about
        self._folder = folder

    def run(self, *, debug: bool) -> None:
        """All that happens to a message, once."""
        routine = self._step("loading its class", self._routine)
        message = self._step("reading the message", lambda: self._message(routine))
        self._step("setup", routine.setup)
        main_logic: Callable[[Any], Any] = routine.main_logic
        call = _under_pdb(main_logic) if debug else main_logic
        result = self._step("main_logic", lambda: call(message))
        print(f"main_logic returned {' '.join(reprlib.repr(result).split())}", flush=True)
        self._step("cleanup", routine.cleanup)
        self._step("end", lambda: None)

    def _step(self, name: str, what: Callable[[], Any]) -> Any:
        """Do it, with its name on disk."""
        (self._folder / "step").write_text(name)
        try:
            return what()
        finally:
            leave_if_forked()

    def _routine(self) -> Routine:
        about = self._about
        routine = build(load_class(about.class_path, [Path(each) for each in about.path]), about.params)
        synced = synced_of(type(routine))
        if synced is not None:
            raise LoadError(
                f"cannot replay one message of {about.routine}: it is called with one each of "
                f"{', '.join(synced.names)}; call it yourself, with the message in {self._folder}"
            )
        routine.name, routine.flow_name, routine.generation = about.routine, about.flow, 1
        routine.logger = logging.getLogger(f"pipertd.routine.{about.routine}")
        envelope = self._envelope(manual=routine.acknowledge == "manual")
        routine._host = Host(
            read_published=lambda: 0,
            raise_event=_only_say,
            declare_waiting=lambda _: None,
            read_message=lambda: envelope,
        )
        return routine

    def _envelope(self, *, manual: bool) -> Envelope:
        """What was known of the message; as old as it is by now."""
        about = self._about
        captured_s = monotonic_s() - (wall_s() - about.captured_s)
        return Envelope(
            link=about.link,
            sequence=about.sequence,
            origin=about.origin,
            attempt=about.attempts,
            capture_time_s=captured_s,
            publish_time_s=captured_s,  # nobody noted it
            _acknowledge=(lambda: None) if manual else None,
        )

    def _message(self, routine: Routine) -> Any:
        """What ``main_logic`` takes; its arrays are private where the class asks for that, else read-only.

        The file is mapped, so that arrays are aligned as in a flow and C code that writes to them dies of it.
        """
        mode: Literal["c", "r"] = "c" if routine.writable else "r"
        payload = np.asarray(np.memmap(self._folder / "payload", np.uint8, mode))
        message = Decoder().decode(payload, self._about.body_offset)
        reader = reader_of(taken_type(type(routine)))
        return message if reader is None else reader(message)


def _only_say(event: str, targets: Mapping[str, list[str]], params: Mapping[str, Any]) -> None:
    """Events go nowhere from here."""
    logger.info("notify_event %s to %s with %s: not sent from a replay", event, dict(targets) or "all", dict(params))


def _under_pdb(main_logic: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same, stopped at its first line; raises BdbQuit where the debugger is left."""
    import pdb  # noqa: T100 - this is what was asked for

    class Debugger(pdb.Pdb):
        left = False

        def set_quit(self) -> None:
            self.left = True
            super().set_quit()

    def call(message: Any) -> Any:
        debugger = Debugger()
        result = debugger.runcall(main_logic, message)
        if debugger.left:  # which runcall keeps to itself
            raise bdb.BdbQuit
        return result

    return call


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""``pipertctl quarantine replay``: the message through its routine once more, in a process on this terminal."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from pipertd.ctl.arguments import one_message
from pipertd.ctl.exits import INTERRUPTED, Exit, fail, talking
from pipertd.ctl.leaving import cleaning_up_when_told_to_end
from pipertd.ctl.settings import Settings, command
from pipertd.ctl.silence import environment_of_authors

if TYPE_CHECKING:
    from pipertd.client import records

PATIENCE_S = 5.0  # how long an interrupted process may take to say where it stood


@command("replay")
@one_message
@click.option("--debug", is_flag=True, help="Under pdb, which stops in main_logic.")
def replay(settings: Settings, name: str, debug: bool) -> None:
    """Run one message through its routine here. Exits 0 if main_logic ran through."""
    with ExitStack() as stack:
        stack.enter_context(cleaning_up_when_told_to_end())
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pipertctl-")))
            found = _fetch(settings, name, folder)
            print(f"replaying message {found.sequence} on {found.link} with {found.class_path}", file=sys.stderr)
            status = _run([found.python, "-P", "-m", "pipertd.flow.replay", str(folder)], debug=debug)
        except OSError as reason:
            raise fail(f"cannot replay {name}: {reason}", Exit.FAILED) from None
        words, code = verdict(status, _step(folder))
    print(words, file=sys.stderr)
    raise SystemExit(code)


def _fetch(settings: Settings, name: str, folder: Path) -> records.PutAside:
    """Write the message into ``folder`` as ``pipertd.flow.replay`` reads it."""
    with talking(settings) as client:
        found = client.quarantine.get(name)
        if not found.length:
            raise fail(f"cannot replay {name}: its content could not be kept", Exit.FAILED)
        (folder / "about.json").write_bytes(msgspec.json.encode(found))
        with (folder / "payload").open("wb") as file:
            for piece in client.quarantine.read_payload(name):
                file.write(piece)
    return found


def _run(command: list[str], *, debug: bool) -> int:
    """Run it on this terminal, and return how it ended, as ``Popen.returncode`` has it."""
    environment = {**environment_of_authors(), "PYTHONUNBUFFERED": "1"}  # as in a flow: an abort loses no print
    with ExitStack() as stack:
        process = subprocess.Popen([*command, "--debug"] if debug else command, env=environment)
        stack.callback(process.wait)
        stack.callback(process.kill)
        if debug:  # Ctrl-C is the debugger's; a handler that does nothing, because ignoring it would be inherited
            stack.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, lambda *_: None))
        try:
            return process.wait()
        except KeyboardInterrupt:  # the terminal has told the process too
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_S)
            raise


def _step(folder: Path) -> str:
    """What the process was at when it ended; empty where it came to nothing."""
    try:
        return (folder / "step").read_text()
    except FileNotFoundError:
        return ""


def verdict(status: int, step: str) -> tuple[str, int]:
    """How the process ended in words, and what that makes our exit status.

    Args:
        status: as ``Popen.returncode`` has it: a negative number is the signal that killed it.
        step: what it was at, as it said itself; ``end`` when it had come through, empty where it had not begun.
    """
    at = {"": "the interpreter", "end": "the interpreter's end"}.get(step, step)
    if status == -signal.SIGINT:
        return f"interrupted in {at}", INTERRUPTED
    if status < 0:
        killed = f"{at} was killed by {signal.Signals(-status).name}"
        what = "abort" if status == -signal.SIGABRT else "death"
        return f"{killed}: the {what} is reproduced" if step == "main_logic" else killed, Exit.FAILED
    if step == "end" and status == 0:
        return "main_logic ran through: the death is not reproduced", Exit.DONE
    if step and status == Exit.FAILED:
        what = (
            ", which is a death only under on_error: fail" if step == "main_logic" else ": the death is not reproduced"
        )
        return f"{at} failed{what}", Exit.FAILED
    return f"{at} ended the process with status {status}", Exit.FAILED

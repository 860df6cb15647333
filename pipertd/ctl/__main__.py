"""``pipertctl``."""

from __future__ import annotations

import os
import signal
import sys
import threading

import click

from pipertd.ctl.app import app
from pipertd.ctl.exits import INTERRUPTED, NOBODY_READS, Exit, fail
from pipertd.ctl.silence import silence_grpc
from pipertd.harmless import take_any_text

LEAVING_S = 10.0  # longer than any command takes to leave, with what it has started


def main() -> None:
    """Run the command line; whatever ends it is one line on stderr and an exit code."""
    _fill_closed_streams()
    take_any_text(sys.stdout)
    silence_grpc()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        _run()
    except click.exceptions.Exit as told:
        raise SystemExit(told.exit_code) from None
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(Exit.USAGE) from None
    except click.UsageError as error:
        raise fail(_sentence(error), Exit.USAGE) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except OSError as reason:
        if reason.filename is not None:
            raise  # that is no stream of ours
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes nowhere, without a complaint
        if isinstance(reason, BrokenPipeError):
            raise SystemExit(NOBODY_READS) from None
        raise fail(f"cannot write the output: {reason.strerror}", Exit.FAILED) from None


def _interrupt(*_: object) -> None:
    """Raise as Python does, and end the process if it has not ended soon.

    Streams are read apart (see ``apart``), but a call that is answered once may be interrupted between two steps of
    gRPC's Python, and leave a lock of its taken, for which who hangs up waits for ever.
    """
    leaving = threading.Timer(LEAVING_S, os._exit, (INTERRUPTED,))
    leaving.daemon = True
    leaving.start()
    raise KeyboardInterrupt


def _fill_closed_streams() -> None:
    """Whoever closed one hears nothing there: else a socket would be opened in its place, and have our words."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - for as long as the process lives


def _run() -> None:
    """As click's own ``main``, which makes an exit code of 1 out of a reader that went away."""
    try:
        if "_PIPERTCTL_COMPLETE" in os.environ:
            from pipertd.ctl.completion import answer

            raise SystemExit(answer(app))
        with app.make_context("pipertctl", sys.argv[1:]) as context:
            app.invoke(context)
    finally:
        sys.stdout.flush()  # here, where somebody looks at how it went


def _sentence(error: click.UsageError) -> str:
    """What is wrong with the command line, and where it says how it is written."""
    from pipertd.ctl.elsewhere import meant_by

    near = " or ".join(meant_by(error))
    message = error.message if near else error.format_message()
    wrong = f"{message[:1].lower()}{message[1:].rstrip('.')}"
    path = error.ctx.command_path if error.ctx else "pipertctl"
    advice = f"did you mean {near}?" if near else f"`{path} -h` says how it is written"
    return f"cannot read the command line: {wrong} ({advice})"


if __name__ == "__main__":
    main()

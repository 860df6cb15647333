"""Starting a process and burying it: posix_spawn, a pidfd, and the whole process group at its end.

Nothing is ever forked from the daemon (gRPC does not survive it). A process that died stays a zombie until its group
is killed: as long as it is one, nobody else can be given its process id.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipertd.errors import LaunchFailed
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.posix_spawn import spawn_session
from pipertd.supervisor.procfs import start_ticks, state
from pipertd.supervisor.restart import Ending

_DAEMON_ONLY = (
    "JOURNAL_STREAM",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
)
_RESET_SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGPIPE,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGXFSZ,
)


@dataclass(frozen=True)
class Process:
    """A child of ours; ``pidfd`` becomes readable when it has died, and ``started`` is when it began, in ticks."""

    pid: int
    pidfd: int
    started: int

    def record(self) -> ProcessRecord:
        """What tells it from any other process."""
        return ProcessRecord(pid=self.pid, started=self.started)

    @property
    def lives(self) -> bool:
        """Whether it has not died yet."""
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return not poll.poll(0)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone; one that died already does not mind."""
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            pass

    def kill_group(self) -> None:
        """SIGKILL to the process and all that it started in its group. Only before it is buried."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def is_stopped(self) -> bool:
        """Whether a signal (SIGSTOP) or a debugger holds the process."""
        return state(self.pid) in ("T", "t")

    def bury(self) -> Ending:
        """Take what is left of its group down, reap it, and say how it ended. Call it when the pidfd is readable."""
        os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOWAIT)
        self.kill_group()
        result = os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED)
        os.close(self.pidfd)
        assert result is not None
        if result.si_code == os.CLD_EXITED:
            return Ending(result.si_status)
        return Ending(-result.si_status, result.si_status)


def flow_environment(own: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a flow: ours without what systemd told us alone, prints unbuffered, and the definition's."""
    inherited = {name: value for name, value in own.items() if name not in _DAEMON_ONLY}
    return {**inherited, "PYTHONUNBUFFERED": "1", **extra}


def launch(argv: Sequence[str], *, environment: Mapping[str, str], fds: Sequence[int], output: int) -> Process:
    """Start a process in a session of its own. Waits until the system has run it: call it on a thread for that.

    Args:
        argv: program and arguments; the program is looked for in PATH where it has no slash.
        environment: all of its environment.
        fds: descriptors which it inherits under the same numbers; everything else of ours is close-on-exec.
        output: the descriptor which becomes its standard output and error; its input is /dev/null.

    Raises:
        LaunchFailed: the system refused.
    """
    try:
        pid = spawn_session(argv, environment, fds=fds, output=output, default_signals=_RESET_SIGNALS)
    except (OSError, ValueError) as reason:
        raise LaunchFailed(f"cannot start {argv[0]}: {reason}") from reason
    try:
        return Process(pid, os.pidfd_open(pid), start_ticks(pid) or 0)
    except OSError as reason:  # no descriptor left: a process that cannot be watched must not run
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise LaunchFailed(f"cannot watch {argv[0]}: {reason}") from reason

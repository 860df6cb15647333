"""Real children: how they are started, what they inherit, and that nothing of them stays."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipertd.definition.model import Resources
from pipertd.errors import LaunchFailed
from pipertd.memory import memory_file
from pipertd.supervisor.launch import Process, flow_environment, launch
from pipertd.supervisor.resources import limit
from pipertd.supervisor.restart import Ending

Start = Callable[..., Process]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture
def start(output: Path) -> Iterator[Start]:
    """Start ``python -c program``; whatever is left of it is killed behind the test."""
    started: list[Process] = []
    fd = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)

    def begin(program: str, fds: list[int] | None = None) -> Process:
        argv = [sys.executable, "-c", program]
        started.append(launch(argv, environment={"PATH": os.environ["PATH"]}, fds=fds or [], output=fd))
        return started[-1]

    yield begin
    os.close(fd)
    for process in started:
        try:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            continue
        process.kill_group()
        await_death(process)
        process.bury()


def await_death(process: Process) -> None:
    assert select.select([process.pidfd], [], [], 120.0)[0], "the process did not end"


def end(process: Process) -> Ending:
    await_death(process)
    return process.bury()


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("raise SystemExit(3)", Ending(3)),
        ("pass", Ending(0)),
        ("import os; os.kill(os.getpid(), 9)", Ending(-9, signal.SIGKILL)),
        ("import os; os.abort()", Ending(-6, signal.SIGABRT)),
    ],
)
def test_ending_is_told_exactly(start: Start, program: str, ending: Ending) -> None:
    """An exit code is a code and a signal is a signal, with a core or without."""
    assert end(start(program)) == ending


def test_only_named_descriptors_are_inherited(start: Start, output: Path) -> None:
    """A child gets what it is given, under the same number, and nothing else of ours."""
    with memory_file("given", b"for you") as given, memory_file("kept", b"not for you") as kept:
        program = (
            f"import os; print(os.read({given.fileno()}, 99)); print(os.path.exists('/proc/self/fd/{kept.fileno()}'))"
        )
        assert end(start(program, [given.fileno()])) == Ending(0)
    assert output.read_text().splitlines() == ["b'for you'", "False"]


def test_child_has_a_session_and_signals_of_its_own(start: Start, output: Path) -> None:
    """A terminal's Ctrl-C does not reach a flow, and nothing that we ignore is ignored there."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        process = start("import os, signal; print(os.getsid(0) == os.getpid(), signal.getsignal(15) is signal.SIG_DFL)")
    finally:
        signal.signal(signal.SIGTERM, before)
    end(process)
    assert output.read_text() == "True True\n"


def test_grandchild_in_the_group_dies_with_the_child(start: Start, output: Path) -> None:
    """What a flow forked does not outlive it."""
    end(start("import os, time\npid = os.fork()\nprint(pid) if pid else time.sleep(3600)"))
    grandchild = int(output.read_text())
    pidfd = None
    try:
        pidfd = os.pidfd_open(grandchild)
        assert select.select([pidfd], [], [], 120.0)[0]
    except ProcessLookupError:
        pass
    finally:
        if pidfd is not None:
            os.close(pidfd)
    assert is_gone(grandchild)


def test_stopped_process_is_recognised(start: Start) -> None:
    """SIGSTOP is told apart from a hang."""
    process = start("import time; time.sleep(3600)")
    assert not process.is_stopped()
    process.signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    assert process.is_stopped()
    process.kill_group()
    assert end(process) == Ending(-9, signal.SIGKILL)


def test_signal_to_the_dead_does_no_harm(start: Start) -> None:
    """Between a death and its burial signals go nowhere."""
    process = start("pass")
    await_death(process)
    process.signal(signal.SIGTERM)
    assert process.bury() == Ending(0)


def test_missing_interpreter_is_a_clear_failure(output: Path) -> None:
    """A wrong `python:` names the program and the reason."""
    with pytest.raises(LaunchFailed, match=r"cannot start /no/python: .*No such file"):
        launch(["/no/python"], environment={}, fds=[], output=2)


def test_environment_keeps_systemds_words_to_us() -> None:
    """A flow cannot report READY in the daemon's name, nor take its sockets."""
    told = {"NOTIFY_SOCKET": "x", "JOURNAL_STREAM": "8:1", "LISTEN_FDS": "1", "WATCHDOG_USEC": "1"}
    own = {**told, "HOME": "/root", "A": "ours"}
    made = flow_environment(own, {"A": "theirs"})
    assert made == {"HOME": "/root", "A": "theirs", "PYTHONUNBUFFERED": "1"}


def test_resources_are_applied_or_said(start: Start, output: Path) -> None:
    """What cannot be had is said in words; what can is there."""
    cpu = min(os.sched_getaffinity(0))
    process = start(
        "import os, resource, time\n"
        f"while os.sched_getaffinity(0) != {{{cpu}}}: time.sleep(0.01)\n"
        "while os.getpriority(os.PRIO_PROCESS, 0) != 7: time.sleep(0.01)\n"
        "while resource.getrlimit(resource.RLIMIT_DATA)[0] != 1 << 30: time.sleep(0.01)\n"
    )
    assert limit(process.pid, Resources(cpus=(cpu,), nice=7, memory_max=1 << 30)) == []
    assert end(process) == Ending(0)
    assert "cannot run on cpus [4000]" in limit(os.getpid(), Resources(cpus=(4000,)))[0]

"""The ends of a script with a pipe in it: whatever way it goes, nothing of it is left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.process.scripted import DEADLINE_S, PRELUDE, Script
from tests.waiting import wait_until

BUILT = """
class Tells(Keep):
    def setup(self):
        print("set up", os.getpid(), flush=True)
    def cleanup(self):
        print("cleaned up")
keep = Tells()
pipe = Pipe()
pipe.create_flow("front", False, Count())
pipe.create_flow("back", False, keep)
pipe.link(Wire(pipe.flows["front"][0], [keep]))
pipe.build()
pipe.notify_event(START_EVENT_NAME)
until(lambda: keep.last.value)
"""
ZYGOTE = """
def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(each) for each in file.read().split()]
(zygote,) = children(os.getpid())
"""


def left_by(script: Script) -> list[Path]:
    """What lies there when everybody has gone who prints, and another pipe was built there and ended."""
    another = Script(script.file.parent, "pipe.join(to_kill=True)", PRELUDE + BUILT)
    another.temporary = script.temporary
    assert another.run().returncode == 0
    return script.left


@pytest.mark.parametrize(
    ("end", "status"),
    [("", 0), ("sys.exit(3)", 3), ("raise ValueError('a mistake')", 1), ("os.kill(os.getpid(), signal.SIGINT)", -2)],
    ids=["its last line", "sys.exit", "an exception", "Ctrl-C"],
)
def test_end_of_a_script(tmp_path: Path, end: str, status: int) -> None:
    """A pipe ends with its script, in order: routines clean up, and no process, name or folder is left."""
    script = Script(tmp_path, end, PRELUDE + BUILT)
    done = script.run()
    assert (done.returncode, script.left) == (status, []), done.stderr
    assert done.stdout.endswith("cleaned up\n")
    assert ("its pipe ends with it" in done.stderr) == (end in ("", "sys.exit(3)"))


def test_impatience(tmp_path: Path) -> None:
    """A second Ctrl-C, while routines clean up, takes their end from none of them, and leaves nothing."""
    script = Script(
        tmp_path,
        """
        class Slow(Keep):
            def cleanup(self):
                print("cleaning up", flush=True)
                until(lambda: os.path.exists("enough"))
                print("cleaned up")
        slow = Slow()
        pipe = Pipe()
        pipe.create_flow("flow", True, Count(), slow)
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: slow.last.value)
        print("up", flush=True)
        pipe.join()
        """,
    )
    process = script.start()
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "cleaning up\n"
    process.send_signal(signal.SIGINT)
    while "flows are ending" not in process.stderr.readline():
        assert process.poll() is None
    (tmp_path / "enough").touch()
    printed, said = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, printed, script.left) == (-signal.SIGINT, "cleaned up\n", []), said


def test_script_that_is_killed(tmp_path: Path) -> None:
    """Its flows end in order by themselves; the next pipe removes its folder."""
    script = Script(tmp_path, "time.sleep(1000)", PRELUDE + BUILT)
    process = script.start()
    assert process.stdout is not None
    assert "set up" in process.stdout.readline()
    process.kill()
    printed, _ = process.communicate(timeout=DEADLINE_S)  # until the last process has gone
    assert (process.returncode, printed) == (-signal.SIGKILL, "cleaned up\n")
    assert left_by(script) == []


def test_script_that_kills_and_does_not_join(tmp_path: Path) -> None:
    """The flows end as they were told, as in PipeRT2's README, and there is nothing to say of it."""
    done = Script(tmp_path, "pipe.notify_event(KILL_EVENT_NAME)", PRELUDE + BUILT).works()
    assert (done.stdout.splitlines()[-1], done.stderr) == ("cleaned up", "")


def test_child_of_the_script_outlives_it(tmp_path: Path) -> None:
    """A process that the script forked holds copies of all that it has; the flows end with the script all the same."""
    script = Script(
        tmp_path,
        """
        child = os.fork()
        if child == 0:
            os.close(1), os.close(2)
            time.sleep(1000)
        print(child, flush=True)
        time.sleep(1000)
        """,
        PRELUDE + BUILT,
    )
    process = script.start()
    assert process.stdout is not None
    process.stdout.readline()
    child = int(process.stdout.readline())
    try:
        process.kill()
        assert process.communicate(timeout=DEADLINE_S)[0] == "cleaned up\n"
    finally:
        os.kill(child, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{child}").exists())


def test_routine_with_a_child(tmp_path: Path) -> None:
    """A daemon of multiprocessing's that a routine leaves running ends with its flow, which does not wait for it."""
    script = Script(
        tmp_path,
        """
        class Starts(Keep):
            def setup(self):
                multiprocessing.Process(target=time.sleep, args=(1000,), daemon=True).start()
        keep = Starts()
        pipe = Pipe()
        pipe.create_flow("flow", True, Count(), keep)
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: keep.last.value)
        pipe.join(to_kill=True)
        """,
    )
    assert script.works().stderr == ""


def test_zygote_that_died(tmp_path: Path) -> None:
    """Flows that run go on and can be stopped; a new one cannot be had, which is said."""
    script = Script(
        tmp_path,
        """
        os.kill(zygote, signal.SIGKILL)
        last = keep.last.value
        until(lambda: keep.last.value > last + 5)
        pipe.notify_event(KILL_EVENT_NAME, {"back": []})
        pipe.notify_event(START_EVENT_NAME, {"back": []})
        pipe.join(to_kill=True)
        """,
        PRELUDE + BUILT + ZYGOTE,
    )
    done = script.works()
    assert done.stdout.endswith("cleaned up\n")
    assert "the process that it is forked from is dead; build the pipe again" in done.stderr


@pytest.mark.parametrize("end", ["pipe.join(to_kill=True)", "", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_zygote_that_is_stopped(tmp_path: Path, end: str) -> None:
    """Somebody's SIGSTOP to it makes nobody wait for ever: it is waked by a script that needs it, or that dies."""
    script = Script(tmp_path, f"os.kill(zygote, signal.SIGSTOP)\n{end}", PRELUDE + BUILT + ZYGOTE)
    done = script.run()
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    assert done.stdout.endswith("cleaned up\n")


def test_signal_handlers_of_the_script(tmp_path: Path) -> None:
    """They are the script's alone: one that reaps every child, or ignores all, takes none from the zygote."""
    script = Script(
        tmp_path,
        """
        class Tells(Keep):
            def main_logic(self, data):
                self.last.value = os.getpid()
        def reap(*_):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        for handler in (reap, signal.SIG_IGN):
            signal.signal(signal.SIGCHLD, handler)
            keep = Tells()
            pipe = Pipe()
            pipe.create_flow("flow", True, Count(), keep)
            pipe.build()
            pipe.notify_event(START_EVENT_NAME)
            first = until(lambda: keep.last.value)
            os.kill(first, signal.SIGKILL)
            until(lambda: keep.last.value != first)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            pipe.join(to_kill=True)
        """,
    )
    assert script.works().stderr.count("it was killed by SIGKILL") == 2


def test_build_that_fails(tmp_path: Path) -> None:
    """What is wrong is said by whom and why, the script goes on, and nothing is left of it."""
    script = Script(
        tmp_path,
        """
        def fails(*routines, wires=(), flow="flow", auto_wire=False):
            pipe = Pipe()
            try:
                pipe.create_flow(flow, auto_wire, *routines)
                pipe.link(*wires)
                pipe.build()
            except Exception as reason:
                print(reason)
        class Broken(DestinationRoutine):
            name = "x"
            def main_logic(self, data): pass
        source, keep = Count("source"), Keep("keep")
        fails(source)
        fails(keep, source, auto_wire=True)
        fails(source, Keep("source"), auto_wire=True)
        fails(source, keep, auto_wire=True, flow="my flow")
        fails(source, wires=[Wire(source, [keep])])
        fails(source, Broken("broken"), auto_wire=True)
        fails(keep, auto_wire=source)
        fails()
        try:
            Pipe().build()
        except Exception as reason:
            print(reason)
        fails(source, keep, wires=[source])
        for ends in ((source, keep), (source, [Keep])):
            try:
                Wire(*ends)
            except Exception as reason:
                print(reason)
        fails(source, Keep(5), auto_wire=True)
        pipe = Pipe()
        pipe.create_flow("flow", True, source, keep)
        pipe.build()
        pipe.join(to_kill=True)
        """,
    )
    assert script.works().stdout.splitlines() == [
        "cannot run flow/source: no link begins or ends at it; link it, or leave it out",
        "cannot link flow/keep -> flow/source: keep is a destination and gives no output",
        (
            "cannot use the name 'source' for a routine of flow flow: one of the same flow has it; give each a name "
            "of its own"
        ),
        "cannot use the name 'my flow': a name is a letter, then up to 62 letters, digits, - and _",
        "cannot link keep: it is in no flow; create its flow first",
        "cannot use Broken: 'name' is pipertd's own name in a routine; call the attribute something else",
        "cannot create flow flow: before its routines say if they are wired in order, True or False",
        "cannot run flow flow: it has no routine",
        "cannot build the pipe: it has no flow; create one",
        "cannot link a Count: say link(Wire(source, (destination,)))",
        "cannot wire: destinations are a tuple of routines, also of one: (routine,)",
        "cannot wire: <class '__main__.Keep'> is no routine object",
        "cannot use the name 5: a name is a letter, then up to 62 letters, digits, - and _",
    ]


def test_threads_of_the_script(tmp_path: Path) -> None:
    """`build()` warns of threads that the script has by then, by their names; those of another pipe do no harm."""
    script = Script(
        tmp_path,
        """
        import faulthandler, threading, warnings
        faulthandler.dump_traceback_later(1000)  # which has a thread, too
        threading.Thread(target=time.sleep, args=(1000,), name="of the script", daemon=True).start()
        warnings.simplefilter("always")
        for name in ("one", "another"):
            keep = Keep()
            pipe = Pipe()
            pipe.create_flow(name, True, Count(), keep)
            pipe.build()
            pipe.notify_event(START_EVENT_NAME)
            until(lambda: keep.last.value)
        """,
    )
    said = script.works().stderr
    assert said.count("threads of its own run (of the script)") == 2
    assert "script.py:" in said


def test_script_without_a_terminal(tmp_path: Path) -> None:
    """A script has its flows, too, where its standard descriptors are closed and others lie in their places."""
    script = Script(
        tmp_path,
        """
        for number in (0, 1, 2):
            os.close(number)
        sys.stdin = sys.stdout = sys.stderr = None
        result = open("result", "w")
        class Writes(Keep):
            def main_logic(self, data):
                super().main_logic(data)
                if data["number"] == 3:
                    result.write("three")
                    result.flush()
        keep = Writes()
        pipe = Pipe(network=QueueNetwork(put_block=True))
        pipe.create_flow("flow", True, Count(), keep)
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: keep.last.value > 3)
        pipe.join(to_kill=True)
        """,
    )
    script.works()
    assert (tmp_path / "result").read_text() == "three"


def test_script_that_multiprocessing_runs_again(tmp_path: Path) -> None:
    """Where multiprocessing imports the script once more, the pipe is not built there, and it is said why."""
    script = Script(
        tmp_path,
        """
        multiprocessing.set_start_method("spawn", force=True)
        pipe = Pipe()
        pipe.create_flow("flow", True, Count(), Keep())
        pipe.build()
        child = multiprocessing.Process(target=print)
        child.start()
        child.join()
        pipe.join(to_kill=True)
        """,
    )
    assert 'put what builds and runs the pipe behind `if __name__ == "__main__":`' in script.works().stderr

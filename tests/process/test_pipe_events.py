"""What events do to the routines of a pipe, sentence by sentence as PipeRT2's README has it."""

from __future__ import annotations

from pathlib import Path

from tests.process.scripted import PRELUDE, Script

LIVED = """
class Lived(Keep):
    def __init__(self, name=None):
        super().__init__(name)
        self.set_up, self.cleaned_up, self.process = RawValue("i", 0), RawValue("i", 0), RawValue("i", 0)
    def setup(self):
        self.set_up.value += 1
        self.process.value = os.getpid()
    def cleanup(self):
        self.cleaned_up.value += 1

def lives(routine):
    before = routine.last.value
    until(lambda: routine.last.value > before + 1, f"{routine.name} to go on")

def pauses(routine):
    def says():
        routines = pipe.supervised("look at it")._view().routines
        return next(each.state for each in routines if each.name == routine.name)
    until(lambda: says() == "PAUSED", f"{routine.name} to pause")

def rests(routine, before):
    until(lambda: routine.cleaned_up.value > before, f"{routine.name} to clean up")
    last = routine.last.value
    lives(other)
    assert routine.last.value == last

source, one, other = Count("source"), Lived("one"), Lived("other")
pipe = Pipe()
pipe.create_flow("front", False, source)
pipe.create_flow("back", False, one, other)
pipe.link(Wire(source, (one, other)))
"""


def works(folder: Path, body: str, prelude: str = PRELUDE + LIVED) -> str:
    return Script(folder, body, prelude).works().stderr


def test_start_and_stop(tmp_path: Path) -> None:
    """`setup` happens right before it starts, `cleanup` when it ends; events go to a routine, a flow, or all."""
    works(
        tmp_path,
        """
        pipe.build()
        pipe.notify_event(START_EVENT_NAME, {"front": []})
        pipe.notify_event(START_EVENT_NAME, {"back": [other.name]})
        lives(other)
        assert one.set_up.value == 0
        one.notify_event(START_EVENT_NAME, {"back": []})
        lives(one)
        assert (one.set_up.value, other.set_up.value) == (1, 1)
        pipe.notify_event(STOP_EVENT_NAME, specific_routine="one")
        rests(one, 0)
        pipe.notify_event(START_EVENT_NAME)
        lives(one)
        assert (one.set_up.value, one.cleaned_up.value, other.set_up.value) == (2, 1, 1)
        pipe.notify_event(KILL_EVENT_NAME)
        pipe.join()
        assert (one.cleaned_up.value, other.cleaned_up.value) == (2, 1)
        """,
    )


def test_pause(tmp_path: Path) -> None:
    """A paused routine takes nothing, nor does its successor; it goes on without a new setup, by `start` too."""
    works(
        tmp_path,
        """
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        for go_on in (RESUME_EVENT_NAME, START_EVENT_NAME):
            lives(one)
            pipe.notify_event(PAUSE_EVENT_NAME, {"back": ["one"]})
            pauses(one)
            last = one.last.value
            lives(other)
            assert one.last.value == last
            pipe.notify_event(go_on)
            lives(one)
        pipe.notify_event(PAUSE_EVENT_NAME, {"back": ["one"]})
        pauses(one)
        os.kill(one.process.value, signal.SIGKILL)
        until(lambda: other.set_up.value == 2)
        last = one.last.value
        lives(other)
        lives(other)
        assert one.last.value == last
        pipe.join(to_kill=True)
        assert (one.set_up.value, one.cleaned_up.value) == (2, 1)
        """,
    )


def test_a_flow_that_died_goes_on(tmp_path: Path) -> None:
    """Routines that were started go on in the next generation of their flow, and those that rest still rest.

    The pipe's logger says that the flow died, and of what.
    """
    said = works(
        tmp_path,
        """
        pipe.build()
        pipe.notify_event(START_EVENT_NAME, {"front": [], "back": ["other"]})
        lives(other)
        os.kill(other.process.value, signal.SIGKILL)
        until(lambda: other.set_up.value == 2)
        lives(other)
        assert one.set_up.value == 0
        pipe.join(to_kill=True)
        """,
    )
    assert "Pipe.supervisor — WARNING — flow pipe/back is restarted in 0.1 s: it was killed by SIGKILL" in said


def test_kill_and_start_again(tmp_path: Path) -> None:
    """A flow that was killed is gone, with the others as they were; `start` brings it back."""
    works(
        tmp_path,
        """
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        lives(one)
        dead = one.process.value
        pipe.notify_event(KILL_EVENT_NAME, {"back": []})
        until(lambda: not os.path.exists(f"/proc/{dead}"))
        assert one.cleaned_up.value == 1
        pipe.notify_event(START_EVENT_NAME, {"back": []})
        lives(one)
        assert one.process.value != dead and one.set_up.value == 2
        pipe.join(to_kill=True)
        """,
    )


def test_unlink(tmp_path: Path) -> None:
    """To disconnect one routine from another, and stop the output of its results to it, use `unlink`."""
    works(
        tmp_path,
        """
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        lives(one)
        pipe.notify_event(UNLINK, specific_routine="source", unlink_routine_name="one")
        until(lambda: other.set_up.value == 2)
        lives(other)
        last = one.last.value
        lives(other)
        assert one.last.value == last
        pipe.join(to_kill=True)
        """,
    )


def test_none_is_not_sent(tmp_path: Path) -> None:
    """We detect when None is returned and just ignore it: nothing is sent to the next routine in line."""
    works(
        tmp_path,
        """
        class Odd(MiddleRoutine):
            def main_logic(self, data):
                return data if data["number"] % 2 else None
        class OnlyOdd(Keep):
            def main_logic(self, data):
                assert data["number"] % 2, "an even number was sent"
                super().main_logic(data)
        keep = OnlyOdd()
        pipe = Pipe(network=QueueNetwork(4, put_block=True))
        pipe.create_flow("all", True, Count(), Odd(), keep)
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: keep.last.value > 10)
        pipe.join(to_kill=True)
        """,
        PRELUDE,
    )


def test_a_crash_in_main_logic(tmp_path: Path) -> None:
    """The crash notifies the user with the routine's logger, and the next data in line is taken."""
    said = works(
        tmp_path,
        """
        class Crash(Keep):
            def main_logic(self, data):
                super().main_logic(data)
                if data["number"] == 3:
                    raise ValueError("three is too much")
        keep = Crash("keep")
        pipe = Pipe(network=QueueNetwork(4, put_block=True))
        pipe.create_flow("all", True, Count(), keep)
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: keep.last.value > 5)
        pipe.join(to_kill=True)
        """,
        PRELUDE,
    )
    assert "ValueError: three is too much" in said


def test_a_crash_in_setup_or_cleanup(tmp_path: Path) -> None:
    """The routine stops working until you stop and start it again; the others go on."""
    said = works(
        tmp_path,
        """
        class Breaks(Lived):
            def setup(self):
                super().setup()
                if self.set_up.value == 1:
                    raise ValueError("not yet")
            def cleanup(self):
                super().cleanup()
                raise ValueError("never")
        broken = Breaks("broken")
        pipe = Pipe()
        pipe.create_flow("front", False, source)
        pipe.create_flow("back", False, broken, other)
        pipe.link(Wire(source, (broken, other)))
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: broken.set_up.value == 1, "the first setup")
        pipe.notify_event(START_EVENT_NAME, {"back": ["broken"]})
        lives(other)
        assert (broken.set_up.value, broken.last.value) == (1, 0)
        for times in (1, 2):
            pipe.notify_event(STOP_EVENT_NAME, {"back": ["broken"]})
            pipe.notify_event(START_EVENT_NAME, {"back": ["broken"]})
            until(lambda: broken.set_up.value == 1 + times, "setup")
            lives(broken)
            assert (broken.set_up.value, broken.cleaned_up.value) == (1 + times, times - 1)
        assert other.set_up.value == 1
        pipe.join(to_kill=True)
        """,
    )
    assert "ValueError: not yet" in said
    assert "its setup failed; stop it, then start it again" in said
    assert "ValueError: never" in said


def test_stop_and_start_at_once(tmp_path: Path) -> None:
    """A routine that finds both behind a message cleans up and is set up anew: the one does not undo the other."""
    works(
        tmp_path,
        """
        class Slow(Lived):
            begun, go = Value("i", 0), multiprocessing.Event()
            def main_logic(self, data):
                self.begun.value = 1
                self.go.wait()
        class Marked(Lived):
            marked = Value("i", 0)
            @events("MARK")
            def mark(self):
                self.marked.value = 1
        slow, marked = Slow("slow"), Marked("marked")
        pipe = Pipe()
        pipe.create_flow("front", False, source)
        pipe.create_flow("back", False, slow, marked)
        pipe.link(Wire(source, (slow, marked)))
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: slow.begun.value, "its first message")
        for name in (STOP_EVENT_NAME, START_EVENT_NAME):
            pipe.notify_event(name, {"back": ["slow"]})
        pipe.notify_event("MARK", {"back": ["marked"]})
        until(lambda: marked.marked.value, "all events to be there")
        slow.go.set()
        until(lambda: (slow.set_up.value, slow.cleaned_up.value) == (2, 1), "the second setup")
        pipe.join(to_kill=True)
        """,
    )


def test_stop_and_start_of_one_that_waits_for_room(tmp_path: Path) -> None:
    """What it made goes out first; then it cleans up and is set up anew, however early it was told to start again."""
    works(
        tmp_path,
        """
        class Maker(SourceRoutine):
            set_up, cleaned_up, made = (RawValue("i", 0) for _ in range(3))
            def setup(self):
                self.set_up.value += 1
            def main_logic(self):
                self.made.value += 1
                return {"number": self.made.value}
            def cleanup(self):
                self.cleaned_up.value += 1
        class Slow(Keep):
            go = multiprocessing.Event()
            def main_logic(self, data):
                self.go.wait()
                super().main_logic(data)
        class Marked(Count):
            marked = RawValue("i", 0)
            @events("MARK")
            def mark(self):
                self.marked.value = 1
        maker, slow, marked, other = Maker("maker"), Slow("slow"), Marked("marked"), Keep("other")
        pipe = Pipe(network=QueueNetwork(put_block=True))
        pipe.create_flow("front", False, maker, marked)
        pipe.create_flow("back", False, slow, other)
        pipe.link(Wire(maker, (slow,)), Wire(marked, (other,)))
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: maker.made.value == 3, "one that is held, one on the link, and one that waits")
        for name in (STOP_EVENT_NAME, START_EVENT_NAME):
            pipe.notify_event(name, {"front": ["maker"]})
        pipe.notify_event("MARK", {"front": ["marked"]})
        until(lambda: marked.marked.value, "all events to be there")
        slow.go.set()
        until(lambda: (maker.set_up.value, maker.cleaned_up.value) == (2, 1), "the second setup")
        until(lambda: slow.last.value > 3, "what it made before, and goes on to make")
        pipe.join(to_kill=True)
        """,
    )


def test_what_cannot_be_an_event(tmp_path: Path) -> None:
    """It is refused where it is sent, whatever it is, and those behind it are carried out."""
    script = Script(
        tmp_path,
        """
        from pipertd.errors import MessageError
        pipe.build()
        def fails(*args, **params):
            try:
                pipe.notify_event(*args, **params)
            except (TypeError, MessageError) as reason:
                print(type(reason).__name__)
        deep = []
        for _ in range(100_000):
            deep = [deep]
        for targets in ("front", ["front"], {"front": "source"}, {"front": None}, {"front": [["source"]]}, {1: []}):
            fails(START_EVENT_NAME, targets)
        fails(5), fails("x", specific_routine=["source"])
        fails("\\ud800"), fails("x", {"front": ["\\ud800"]})
        for value in (object(), 1 << 80, deep):
            fails("x", a=value)
        pipe.notify_event(START_EVENT_NAME)
        lives(one)
        pipe.join(to_kill=True)
        """,
        PRELUDE + LIVED,
    )
    assert script.works().stdout.split() == ["TypeError"] * 8 + ["MessageError"] * 5


def test_unknown_targets(tmp_path: Path) -> None:
    """A target that does not exist, or an event that nobody handles, is logged; the others of the event get it."""
    said = works(
        tmp_path,
        """
        class Asks(Keep):
            def setup(self):
                self.notify_event("EVENT", {"nowhere": []})
                try:
                    pipe.notify_event("EVENT")
                except Exception as reason:
                    self._logger.error("%s", reason)
        asks = Asks("asks")
        pipe = Pipe()
        pipe.create_flow("all", True, Count(), asks)
        pipe.build()
        pipe.notify_event(START_EVENT_NAME, {"all": [], "none": []})
        until(lambda: asks.last.value)
        pipe.notify_event("EVENT", specific_routine="nobody")
        pipe.notify_event("EVENT", {"all": ["askes"]})
        pipe.join(to_kill=True)
        """,
        PRELUDE,
    )
    assert "cannot notify EVENT: only the script's own process has the pipe; in a routine say self.notify_event" in said
    for what in ("flow nowhere", "flow none", "routine nobody", "routine all/askes"):
        assert f"there is no {what} (there are: " in said, said
    assert said.count("event EVENT: no routine has a handler for it (they handle: ") == 1

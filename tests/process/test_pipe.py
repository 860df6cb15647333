"""Pipe, as a script uses it: what it makes reaches its flows as it is, and what they find reaches it."""

from __future__ import annotations

from pathlib import Path

from tests.process.scripted import Script
from tests.process.test_readme import block


def test_getting_started(tmp_path: Path) -> None:
    """PipeRT2's Getting Started works with its imports changed, as it stands in the README."""
    done = Script(tmp_path, block("python", "example_pipe"), prelude="").works()
    assert set(done.stdout.split()) == {"example"}
    assert done.stderr == ""


def test_all_that_scripts_do(tmp_path: Path) -> None:
    """Two flows, large frames, events from outside and inside, and results by multiprocessing's own objects."""
    script = Script(
        tmp_path,
        """
        class Camera(FPSRoutine):
            def __init__(self, name, shape):
                super().__init__(name)
                self.shape, self.frame, self.shade = shape, None, 1
            def setup(self):
                self.frame = np.zeros(self.shape, np.uint8)
            def main_logic(self):
                self.frame[:] = self.shade
                return {"frame": self.frame.copy()}
            @events("SHADE")
            def set_shade(self, shade):
                self.shade = shade

        class Measure(FPSRoutine):
            def __init__(self, found, dark, means):
                super().__init__()
                self.found, self.dark, self.means = found, dark, means
            def main_logic(self, data):
                frame = data["frame"]
                assert frame.nbytes == 6_220_800 and frame.min() == frame.max()
                mean = self.change(int(frame.mean()))
                if mean not in self.seen:
                    self.seen.add(mean)
                    self.means.append(mean)
                    self.notify_event("SEEN", {self.flow_name: [self.name]}, mean=mean)
                if mean == 8:
                    self.dark.set()
            @events("SEEN")
            def saw(self, mean):
                self.found.value = mean

        dark, found, means = multiprocessing.Event(), Value("i", 0), multiprocessing.Manager().list()
        camera, measure = Camera("camera", (1080, 1920, 3)), Measure(found, dark, means)
        measure.seen, measure.change = set(), lambda mean: 2 * mean
        pipe = Pipe(shm_limit=128 << 20)
        pipe.create_flow("capture", False, camera)
        pipe.create_flow("analysis", False, measure)
        pipe.link(Wire(source=camera, destinations=(measure,)))
        pipe.build()
        print(pipe.get_pipe_structure())
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: found.value == 2, "the first event from inside")
        camera.notify_event("SHADE", {"capture": ["camera"]}, shade=3)
        until(lambda: found.value == 6, "a custom event")
        pipe.notify_event("SHADE", specific_routine="camera", shade=4)
        assert dark.wait(60)
        pipe.join(to_kill=True)
        assert list(means) == [2, 6, 8], list(means)
        """,
    )
    done = script.works()
    assert "'routine_name': 'Measure-0', 'events': ['SEEN']" in done.stdout
    assert done.stderr == ""


def test_objects_come_again_as_they_were(tmp_path: Path) -> None:
    """Every generation begins with the routines as they were built, and shares what multiprocessing shares."""
    script = Script(
        tmp_path,
        """
        class Die(DestinationRoutine):
            def __init__(self, lock, pids, queue):
                super().__init__("die")
                self.lock, self.pids, self.queue = lock, pids, queue
            def main_logic(self, data):
                with self.lock:
                    assert self.attribute(1) == 2
                    self.pids[self.generation - 1] = os.getpid()
                if self.generation < 3:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.queue.put((self.generation, multiprocessing.current_process().name))

        pids, queue = multiprocessing.Array("q", 3), multiprocessing.Queue()
        die = Die(multiprocessing.Lock(), pids, queue)
        die.attribute = lambda one: one + 1
        pipe = Pipe()
        pipe.create_flow("front", True, Count())
        pipe.create_flow("back", True, die)
        pipe.link(Wire(pipe.flows["front"][0], [die]))
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        assert queue.get(timeout=60) == (3, "back")
        assert len(set(pids)) == 3 and 0 not in pids, list(pids)
        pipe.join(to_kill=True)
        """,
    )
    assert "SIGKILL" in script.works().stderr


def test_transmitters(tmp_path: Path) -> None:
    """A user's own transmitter changes what passes, within a flow and to another one; the others change nothing."""
    script = Script(
        tmp_path,
        """
        class Boxed(DataTransmitter):
            def transmit(self):
                return lambda data: {"boxed": data["number"]}
            def receive(self):
                return lambda data: {"number": -data["boxed"]}
        class Check(MiddleRoutine):
            def main_logic(self, data: dict) -> dict:
                assert set(data) == {"number"} and data["number"] < 0, data
                return data
        class Positive(Keep):
            def main_logic(self, data):
                assert set(data) == {"number"} and data["number"] > 0, data
                super().main_logic(data)
        source, check, keep, kept = Count(), Check(), Positive(), Positive()
        pipe = Pipe(data_transmitter=Boxed(), auto_pacing_mechanism=True)
        pipe.create_flow("front", True, source, check)
        pipe.create_flow("back", False, keep)
        pipe.create_flow("plain", True, Count(), kept, data_transmitter=SharedMemoryTransmitter())
        pipe.link(Wire(check, (keep,)))
        pipe.build()
        pipe.notify_event(START_EVENT_NAME)
        until(lambda: keep.last.value > 3 and kept.last.value > 3)
        pipe.join(to_kill=True)
        assert source.main_logic() == {"number": 1}
        """,
    )
    assert script.works().stderr == ""


def test_logs(tmp_path: Path) -> None:
    """What a routine logs is a record of the script's, of the pipe's logger and from its level on."""
    script = Script(
        tmp_path,
        """
        import logging
        class Says(Keep):
            def main_logic(self, data):
                self._logger.debug("debug %d", 1)
                self._logger.info("info %d", 2)
                super().main_logic(data)
        logging.basicConfig(stream=sys.stdout, format="%(name)s %(levelname)s %(message)s", level=logging.ERROR)
        for level in (logging.INFO, logging.DEBUG):
            logger = logging.getLogger("mine")
            logger.setLevel(level)
            keep = Says("says")
            pipe = Pipe(logger=logger)
            pipe.create_flow("flow", True, Count(), keep)
            pipe.build()
            pipe.notify_event(START_EVENT_NAME)
            until(lambda: keep.last.value)
            pipe.join(to_kill=True)
            print("--")
        """,
    )
    at_info, at_debug, _ = script.works().stdout.split("--\n")
    assert set(at_info.splitlines()) == {"mine.flow.says INFO info 2"}
    assert set(at_debug.splitlines()) == {"mine.flow.says INFO info 2", "mine.flow.says DEBUG debug 1"}

"""One routine in a test: what holds in a flow holds here."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import numpy as np
import pytest

from pipertd import (
    Data,
    DestinationRoutine,
    EndOfStream,
    Envelope,
    FPSRoutine,
    MiddleRoutine,
    SourceRoutine,
    Synced,
    events,
)
from pipertd.errors import CredentialMissing, LoadError, MessageError
from pipertd.testing import EventFailed, running


@dataclasses.dataclass
class Picture:
    number: int
    image: np.ndarray[Any, Any]


class Shrink(MiddleRoutine):
    factor: int = 2
    log: list[str] = []  # noqa: RUF012

    def setup(self) -> None:
        self.log = ["setup"]

    def main_logic(self, data: Picture) -> Picture | None:
        if data.number == 13:
            raise ValueError("unlucky")
        if data.number < 0:
            return None
        return Picture(data.number, data.image[:: self.factor, :: self.factor])

    @events("SET_FACTOR")
    def set_factor(self, factor: int) -> dict[str, int]:
        if factor == 0:
            raise ZeroDivisionError("no factor")
        before, self.factor = self.factor, factor
        return {"before": before}

    def cleanup(self) -> None:
        self.log.append("cleanup")


class Count(SourceRoutine):
    last: int = 3

    def main_logic(self) -> dict[str, Any] | None:
        if self.published == self.last:
            raise EndOfStream
        self.position += 10
        return {"number": self.published, "at": self.position}


class Batches(DestinationRoutine):
    acknowledge = "manual"
    size: int = 3

    def setup(self) -> None:
        self.held: list[Envelope] = []

    def main_logic(self, data: Any) -> None:
        assert self.message is not None
        self.held.append(self.message)
        if len(self.held) == self.size:
            for each in self.held:
                each.done()
            self.held = []


class Anything(MiddleRoutine):
    """Does what its message says."""

    def main_logic(self, data: Any) -> Any:
        if data == "secret":
            return self.credential("camera").text
        if data == "wait":
            with self.waiting():
                return 1
        if data == "event":
            self.notify_event("GO", {"back": ["store"]}, pair=(1, 2))
        if data == "set":
            return {1, 2}
        if data == "lock":
            return object()
        if data == "loan":
            loan = self.loan((2, 2))
            loan[:] = 7
            return {"loan": loan}
        if data == "envelope":
            assert self.message is not None
            return [self.message.attempt, self.message.sequence, self.message.capture_time_s, self.name]
        if isinstance(data, dict):
            data["image"][0] = 1
        return None


def picture(number: int = 1) -> Picture:
    return Picture(number, np.arange(16, dtype=np.uint8).reshape(4, 4))


def test_a_message_goes_through_as_in_a_flow() -> None:
    """It arrives as what main_logic takes, and comes out as what the next routine gets, between setup and cleanup."""
    with running(Shrink, {"factor": 4}) as shrink:
        assert shrink.give({"number": 1, "image": np.zeros((8, 8))}).image.shape == (2, 2)
        out = shrink.give(picture())
        assert isinstance(out, Picture) and out.image.tolist() == [[0]] and not out.image.flags.writeable
        assert shrink.give(picture(-1)) is None
        assert (shrink.published, shrink.acknowledged) == (2, 3)
        with pytest.raises(MessageError, match="cannot take a message as Picture"):
            shrink.give({"number": "x"})
    assert shrink.routine.log == ["setup", "cleanup"]


def test_params_and_classes_are_held_to_what_a_definition_is() -> None:
    """What would be refused there is refused here, in the same words."""
    with pytest.raises(LoadError, match="unknown param 'faktor'"), running(Shrink, {"faktor": 1}):
        pass
    with pytest.raises(TypeError, match="cannot set params on an object"), running(Shrink(), {"factor": 1}):
        pass


def test_who_writes_into_a_message_fails_as_in_a_flow() -> None:
    """Arrays that arrive are read-only, and what cannot travel is not returned."""
    with running(Anything) as anything:
        with pytest.raises(ValueError, match="read-only"):
            anything.give({"image": np.zeros(3)})
        with pytest.raises(MessageError, match=r"cannot send a builtins\.object"):
            anything.give("lock")
        assert sorted(anything.give("set")) == [1, 2], "a list, by then"
    with running(Anything, within_flow=True) as anything:
        assert anything.give("set") == {1, 2}


def test_what_raises_is_raised_or_skipped_or_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """The test chooses; what is skipped is on record with its message, and in the log as in a flow."""
    with running(Shrink) as shrink, pytest.raises(ValueError, match="unlucky"):
        shrink.give(picture(13))
    with running(Shrink, on_error="skip", name="shrink") as shrink:
        assert [each.number for each in shrink.give_all([picture(1), picture(13), picture(2)])] == [1, 2]
        (failure,) = shrink.failures
        assert failure.message is not None and failure.message.sequence == 1 and str(failure.reason) == "unlucky"
    assert "main_logic of message 1 on test/given -> shrink failed" in caplog.text
    with running(Shrink, on_error="retry") as shrink:
        shrink.give(picture(13))
        assert [each.message.attempt for each in shrink.failures if each.message] == [1, 2, 3]


def test_a_source_keeps_its_pace_by_the_virtual_clock() -> None:
    """Time passes as far as fps makes it wait and no further; a source ends, and goes on where a crash left it."""
    with running(Count, {"last": 100}, fps=25) as count:
        began_s = count.clock.now_s
        assert [each["number"] for each in count.take(5)] == [0, 1, 2, 3, 4]
        assert count.clock.now_s == pytest.approx(began_s + 4 / 25)
        assert len(count.take_for(1.0)) == 24
        count.event("update_fps", fps=10)
        assert len(count.take_for(1.0)) == 10
    with running(Count, published=2, position=20) as count:
        assert (count.take(), count.ended) == ([{"number": 2, "at": 30}], True)


def test_a_source_that_gives_nothing_hangs_no_test() -> None:
    """It is said instead."""

    class Nothing(FPSRoutine):
        def main_logic(self) -> None: ...

    with running(Nothing) as nothing, pytest.raises(AssertionError, match=r"Nothing-[0-9]+ gives nothing"):
        nothing.take(1)


def test_events_are_handled_and_answered() -> None:
    """With the types that the handler says; what goes wrong is said in the answer, with its cause."""
    with running(Shrink) as shrink:
        assert shrink.event("SET_FACTOR", factor=3) == {"before": 2}
        with pytest.raises(EventFailed, match="did you mean 'SET_FACTOR'"):
            shrink.event("SET_FACTR")
        with pytest.raises(EventFailed, match="no int"):
            shrink.event("SET_FACTOR", factor="x")
        with pytest.raises(EventFailed) as caught:
            shrink.event("SET_FACTOR", factor=0)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        shrink.event("pause")
        with pytest.raises(RuntimeError, match="is paused"):
            shrink.give(picture())
        shrink.event("resume")
        assert shrink.give(picture()) is not None


def test_batches_are_acknowledged_by_their_author() -> None:
    """In order; and one larger than may be in hand is said to be, where a flow would wait for ever."""
    with running(Batches) as batches:
        batches.give_all(range(4))
        assert batches.acknowledged == 3
    with running(Batches, {"size": 9}, depth=4) as batches, pytest.raises(AssertionError, match="all 6 messages"):
        batches.give_all(range(9))


def test_a_routine_has_what_a_flow_lends_it(caplog: pytest.LogCaptureFixture) -> None:
    """Its envelope, loans, credentials, events to others, its logger, and the word that a block is no hang."""
    caplog.set_level(logging.INFO)
    with running(Anything("any"), credentials={"camera": "hush\n"}) as anything:
        assert anything.give("secret") == "hush"
        assert anything.give("loan")["loan"].tolist() == [[7, 7], [7, 7]]
        assert anything.give("wait") == 1 and anything.waits == 1
        anything.give("event")
        assert anything.events_raised == [("GO", {"back": ["store"]}, {"pair": [1, 2]})]
        assert anything.give("envelope", attempt=2, capture_time_s=1.5) == [2, 4, 1.5, "any"]
        anything.routine.logger.info("hello")
        assert "hello" in caplog.text
    with running(Anything) as anything, pytest.raises(CredentialMissing, match="the test gives none"):
        anything.give("secret")


def test_an_fps_routine_is_what_the_test_says() -> None:
    """A middle routine if nothing is said, a source where it can be nothing else; a Data comes out as it is."""

    class Pass(FPSRoutine):
        def main_logic(self, data: Any) -> Any:
            return data or Data()

    with running(Pass) as passes:
        given = Data()
        given.additional_data["count"] = 4
        assert passes.give(given).additional_data == {"count": 4}
    with running(Pass(), kind="source") as passes:
        assert [type(each) for each in passes.take(2)] == [Data, Data]
        with pytest.raises(TypeError, match="it is a source"):
            passes.give(1)
    with running(Pass(), kind="destination") as passes:
        assert passes.give(1) is None


class Sum(MiddleRoutine):
    inputs = Synced("left", "right", within=0.02)

    def main_logic(self, left: Picture, right: dict[str, Any]) -> list[Any]:
        assert self.message is not None
        return [left.number + right["number"], self.message.joined["right"].link]


def test_a_routine_that_joins_is_given_a_message_of_each() -> None:
    """In the order of its inputs, each as the type that it says; another number of them is an error."""
    with running(Sum, name="sum") as both:
        assert both.give({"number": 1, "image": np.zeros(2)}, {"number": 2}) == [3, "right -> sum"]
        assert both.give_all([(picture(3), {"number": 4})]) == [[7, "right -> sum"]]
        with pytest.raises(TypeError, match="cannot give 1 messages: sum takes 2 at once"):
            both.give(picture())

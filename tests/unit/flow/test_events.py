"""The events decorator and what handles an event."""

from __future__ import annotations

import logging

import pytest

from pipertd import SourceRoutine, events
from pipertd.flow.events import Delivery, Inbox, handlers_of
from pipertd.flow.pacing import Pace
from pipertd.flow.reactions import Reactions
from pipertd.protocol import Answer


class Base(SourceRoutine):
    @events("RESET", "CLEAR")
    def reset(self, to: int = 0) -> int:
        return to

    @events("SAY")
    def say(self) -> object:
        return object()


class Aimed(SourceRoutine):
    @events("AIM")
    def aim(self, height: int, width: int = 0) -> int:
        return height + width

    @events("ECHO")
    def echo(self, size: int) -> str:
        return "x" * size


class Derived(Base):
    def reset(self, to: int = 0) -> int:
        return to + 1


def answers_to(routine: SourceRoutine, *deliveries: Delivery) -> list[Answer]:
    routine.name = "r"
    answers: list[Answer] = []
    inbox = Inbox(lambda: None)
    reactions = Reactions(routine, Pace(None), inbox, answers.append, logging.getLogger("test"))
    for delivery in deliveries:
        inbox.put(delivery)
    while reactions.handle_next():
        pass
    return answers


def test_inherited_handlers_count() -> None:
    """A subclass that overrides a handler without the decorator keeps its events."""
    assert handlers_of(Derived) == {"RESET": "reset", "CLEAR": "reset", "SAY": "say"}
    (answer,) = answers_to(Derived(), Delivery(1, "CLEAR", {"to": 4}))
    assert (answer.value, answer.error) == (5, None)


def test_decorator_without_names_is_refused() -> None:
    """@events() on nothing would never be called."""
    with pytest.raises(TypeError, match="names of one or more events"):
        events()


def test_every_delivery_is_answered_in_order() -> None:
    """A value, an error of the handler, an unknown event and an answer that cannot travel are told apart."""
    known, broken, unknown, unsendable = answers_to(
        Base(),
        Delivery(1, "RESET", {"to": 2}),
        Delivery(2, "RESET", {"nonsense": 2}),
        Delivery(3, "NEVER", {}),
        Delivery(4, "SAY", {}),
    )
    assert (known.request, known.value) == (1, 2)
    assert broken.error is not None
    assert broken.error == "cannot use these parameters: there is no 'nonsense' (it takes: to)"
    assert unknown.unhandled
    assert unsendable.error is not None
    assert unsendable.error.startswith("cannot send the answer")


def test_a_parameter_is_what_the_handler_annotates() -> None:
    """A parameter of another type is an error in the answer, and the handler does not run."""
    wrong, right = answers_to(Derived(), Delivery(1, "RESET", {"to": "far"}), Delivery(2, "RESET", {"to": 3}))
    assert wrong.error == "cannot use 'far' as to: it is no int"
    assert right.value == 4


def test_a_mistake_in_a_name_is_told_with_what_is_near() -> None:
    """Of a parameter, also where another is missing for it, and of an event; a name without end is passed over."""
    said = [
        answer.error
        for answer in answers_to(
            Aimed(),
            Delivery(1, "AIM", {"heigth": 3}),
            Delivery(2, "AIM", {}),
            Delivery(3, "AIMS", {}),
            Delivery(4, "AIM", {"height": 3, "x" * 50_000: 1}),
        )
    ]
    near = "there is no 'heigth' (did you mean 'height'?); 'height' is missing (it takes: height, width)"
    assert said[:2] == [f"cannot use these parameters: {near}", "cannot use these parameters: 'height' is missing"]
    assert "(did you mean 'AIM'?)" in str(said[2])
    assert len(str(said[3])) < 200


def test_an_answer_that_is_too_large_says_what_to_do() -> None:
    """The limit, the size, and that a file takes what is large."""
    (answer,) = answers_to(Aimed(), Delivery(1, "ECHO", {"size": 70_000}))
    assert str(answer.error).startswith("cannot send the answer: it takes 70")
    assert str(answer.error).endswith("and 65536 are the most: write what is large into a file, and send its path")


def test_request_zero_wants_no_answer() -> None:
    """An event that a routine raised is handled and not answered."""
    assert answers_to(Base(), Delivery(0, "RESET", {})) == []


def test_built_in_events_pause_and_pace() -> None:
    """pause, resume and update_fps change the routine's own state."""
    routine = Base()
    paced, refused = answers_to(routine, Delivery(1, "update_fps", {"fps": 5}), Delivery(2, "update_fps", {"fps": -1}))
    assert paced.error is None
    assert routine.fps == 5
    assert refused.error is not None

"""What routines become by their links, and how fast they say they run."""

from __future__ import annotations

from typing import Any

import pytest

from pipertd import DestinationRoutine, FPSRoutine, FunctionalMiddleRoutine, class_functions_dictionary, events
from pipertd.flow.loader import build, describe
from pipertd.flow.placed import place, source_logic


class Gives(FPSRoutine):
    def main_logic(self) -> int:
        return 1


class Looks(FPSRoutine):
    def main_logic(self, data: Any) -> str:
        return f"given {data}"


class Paced(DestinationRoutine):
    """As PipeRT2's README has it: no call of the base's constructor."""

    def __init__(self, required_fps: float) -> None:
        self.set_const_fps(required_fps)

    def main_logic(self, data: Any) -> None: ...


@pytest.mark.parametrize(
    ("inputs", "outputs", "kind"),
    [(False, True, "source"), (True, True, "middle"), (True, False, "destination"), (False, False, "source")],
)
def test_links_make_a_routine_what_it_is(inputs: bool, outputs: bool, kind: str) -> None:
    """No link ends at a source, none begins at a destination; who derives from another class is what that is."""
    routine, other = Looks(), Paced(3)
    for each in (routine, other):
        place(each, has_inputs=inputs, has_outputs=outputs)
    assert (routine.kind, other.kind, Looks.kind) == (kind, "destination", "placed")


def test_a_source_may_take_a_message_and_gets_none() -> None:
    """Both ways to write one work; to the check one that takes nothing can be nothing but a source."""
    assert (source_logic(Gives())(), source_logic(Looks())()) == (1, "given None")
    assert (describe(Gives)["kind"], describe(Looks)["kind"]) == ("source", "placed")


def test_a_function_is_a_routine() -> None:
    """What it returns goes on."""
    assert FunctionalMiddleRoutine(lambda data: data + 1).main_logic(2) == 3


def test_a_constructor_sets_the_pace() -> None:
    """It need not call another one for that; no pace is nothing, and what is no number."""
    assert build(Paced, {"required_fps": 25}).fps == 25
    wrong: Any
    for wrong in (0, float("nan"), "5"):
        with pytest.raises(ValueError, match=f"cannot run Paced {wrong!r} times a second"):
            Paced(wrong)


def test_pipert2_s_decorator_factory_gives_ours() -> None:
    """Classes that begin with ``events = class_functions_dictionary()`` stay as they are."""
    assert class_functions_dictionary() is events


def test_the_logger_has_pipert2_s_name_too() -> None:
    """``self._logger`` is ``self.logger``, and an author may set another one."""
    routine: Any = Looks()
    assert routine._logger is routine.logger
    routine._logger = "mine"
    assert routine._logger == "mine"

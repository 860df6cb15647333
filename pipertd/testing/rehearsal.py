"""All routines of a definition, stepped one at a time in an order that is always the same.

The routine nearest to the end that can take a step takes it, so that a message goes through before the next one comes;
time passes only when all wait for their pace.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

from pipertd.names import RoutineRef
from pipertd.testing.clock import VirtualClock
from pipertd.testing.link import RehearsedLink
from pipertd.testing.member import Member
from pipertd.testing.setting import EventFailed, Raised


class Rehearsal:
    """All members, in the order of their links. As a context it sets them up, and cleans up.

    Attributes:
        calls: how often any ``main_logic`` was called.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.members: Sequence[Member] = ()
        self.links: Sequence[RehearsedLink] = ()
        self.calls = 0

    def meet(self, members: Sequence[Member], links: Sequence[RehearsedLink]) -> None:
        """Know who has a part."""
        self.members, self.links = members, links
        self._last_first = _last_first(members, links)

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.callback(self._clean_up)
            for each in self.members:
                each.begin()
            undo.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Where something was raised nothing goes on to its end."""
        if kind is None:
            self.end()
        else:
            self._clean_up()

    def member(self, name: str) -> Member:
        """The routine that is called so, with its flow where that is needed; KeyError says which there are."""
        found = [each for each in self.members if name in (str(each.ref), each.ref.routine)]
        if len(found) != 1:
            there_are = ", ".join(str(each.ref) for each in self.members)
            raise KeyError(f"cannot find routine {name!r}: there are {there_are}")
        return found[0]

    def step(self) -> bool:
        """One step of somebody, or none where all wait for time to pass, for somebody outside, or are over."""
        for each in self._in_turn:
            if each.stepped.reactions.waiting:
                self._handle_events(each)
            if each.at_end:
                each.end()
                return True
            if each.can_step and each.stepped.pace.wait_s() <= 0:
                self.calls += 1
                each.step(self.clock.now_s)
                return True
        return self._see_who_is_held_up()

    def _see_who_is_held_up(self) -> bool:
        """Have who joins links know which of them hold their producer up; whether that is new."""
        found = [
            link
            for link in self.links
            if link.handover.must_wait
            and not link.holds_up
            and self.member(str(link.link.source)).stepped.pace.wait_s() <= 0
        ]
        for link in found:
            link.holds_up = True
        return bool(found)

    @property
    def _in_turn(self) -> list[Member]:
        """Those nearest to the end first; of the sources the one that was asked least, or one would starve others."""
        sources = sorted((each for each in self.members if each.stepped.is_source), key=lambda each: each.steps)
        return [*(each for each in self._last_first if not each.stepped.is_source), *sources]

    @property
    def wait_s(self) -> float | None:
        """Seconds until somebody's pace lets it go on; None where nobody waits for that."""
        waits = ((each, each.stepped.pace.wait_s()) for each in self.members)
        return min(
            (wait_s for each, wait_s in waits if each.can_step or (each.is_held_up and wait_s > 0)), default=None
        )

    @property
    def over(self) -> bool:
        """Whether all are."""
        return all(each.over for each in self.members)

    def end(self) -> None:
        """Let sources give no more, what is under way go to its end, and all clean up, whatever one of them raises."""
        for each in self.members:
            each.stepped.ended = True
        try:
            while self.step() or self._wait():
                pass
        finally:
            self._clean_up()

    def _wait(self) -> bool:
        """Let time pass until somebody's pace lets it go on; whether somebody waits for that."""
        wait_s = self.wait_s
        if wait_s is not None:
            self.clock.advance(max(0.0, wait_s))
        return wait_s is not None

    def _clean_up(self) -> None:
        with ExitStack() as each_of_them:
            for each in reversed(self.members):
                each_of_them.callback(each.end)

    def raise_event(self, routine: str, raised: Raised) -> None:
        """A routine's ``notify_event``: its targets handle it before their next step.

        Raises:
            AssertionError: there is no such target; under the daemon a log would say so.
        """
        flows = {each.ref.flow for each in self.members}
        for flow, names in raised.targets.items():
            known = {each.ref.routine for each in self.members if each.ref.flow == flow}
            if flow not in flows or not {*names} <= known:
                raise AssertionError(f"{routine} raised {raised.name} for {flow}/{names}, which is not there")
        for each in self.members:
            is_meant = not raised.targets or each.ref.flow in raised.targets
            wanted = raised.targets.get(each.ref.flow)
            if is_meant and (not wanted or each.ref.routine in wanted) and not each.over:
                each.stepped.put(raised.name, raised.params, wants_answer=True)

    def _handle_events(self, member: Member) -> None:
        for answer in member.stepped.handle_events():
            if answer.error is not None and not answer.unhandled:
                raise EventFailed(f"{member.ref}: {answer.error}") from member.stepped.reason


def _last_first(members: Sequence[Member], links: Sequence[RehearsedLink]) -> list[Member]:
    """Destinations before what leads to them; else in reverse order of the file."""
    left: dict[RoutineRef, Member] = {each.ref: each for each in reversed(members)}
    ordered: list[Member] = []
    while left:
        leads_on = {each.link.source for each in links if each.link.destination in left}
        ordered += [left.pop(ref) for ref in list(left) if ref not in leads_on]
    return ordered

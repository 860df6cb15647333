"""``run_definition``: all routines of a definition in a test, one after the other in its process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pipertd.definition.model import Pipeline
from pipertd.names import Target
from pipertd.testing.clock import VirtualClock
from pipertd.testing.link import Counts, RehearsedLink
from pipertd.testing.member import Member
from pipertd.testing.rehearsal import Rehearsal
from pipertd.testing.rehearsed import Wish, rehearsed
from pipertd.testing.setting import EventFailed, Failure, Raised

MOST_CALLS = 1_000_000  # of main_logic, in a run that is told no end


class Run:
    """A definition that runs in a test."""

    def __init__(self, pipeline: Pipeline, rehearsal: Rehearsal) -> None:
        self._pipeline, self._rehearsal = pipeline, rehearsal
        self.clock = rehearsal.clock

    def play(self, until: float | Callable[[Run], bool] | None = None) -> None:
        """Go on: for so many seconds of the virtual clock, until something holds, or to the end of all streams.

        What comes at the very end of these seconds belongs to the next ones, so that 25 a second are 25 in each.

        Raises:
            AssertionError: it would never end, or waits for somebody.
        """
        rehearsal, stop_s = self._rehearsal, self.clock.now_s + until if isinstance(until, int | float) else None
        calls = rehearsal.calls
        while not rehearsal.over and not (callable(until) and until(self)):
            if rehearsal.calls - calls > MOST_CALLS:
                why = "give inputs for its sources, an fps, or until="
                raise AssertionError(f"{self._pipeline.name} does not end: {MOST_CALLS} calls of main_logic; {why}")
            if rehearsal.step():
                continue
            wait_s = rehearsal.wait_s
            if stop_s is not None and (wait_s is None or self.clock.now_s + wait_s >= stop_s):
                break
            if wait_s is None:
                raise AssertionError(f"{self._pipeline.name} cannot go on: {self._who_waits()}")
            self.clock.advance(wait_s)
        if stop_s is not None:
            self.clock.advance(max(0.0, stop_s - self.clock.now_s))

    def _who_waits(self) -> str:
        left = [each for each in self._rehearsal.members if not each.over]
        told = [
            f"{each.ref} is paused" if each.stepped.reactions.paused else f"{each.ref} waits for done()"
            for each in left
            if each.stepped.reactions.paused or each.stepped.waits_for_author
        ]
        return ", ".join(told or [f"{each.ref} waits" for each in left])

    def stop(self) -> None:
        """As a stop of the pipeline: sources give no more, what is under way goes to its end, all clean up."""
        self._rehearsal.end()

    # -- what passed

    def taken(self, routine: str) -> list[Any]:
        """The messages that a routine was called with; it is named as in the definition, with its flow or without."""
        return self._rehearsal.member(routine).taken

    def given(self, routine: str) -> list[Any]:
        """The messages that a routine gave, as they arrive elsewhere."""
        return self._rehearsal.member(routine).given

    def routine(self, routine: str) -> Any:
        """The author's object."""
        return self._rehearsal.member(routine).stepped.routine

    def passed(self, source: str, destination: str) -> list[Any]:
        """The messages that were taken from a link."""
        return self._link(source, destination).passed

    def link(self, source: str, destination: str) -> Counts:
        """What became of the messages of a link."""
        return self._link(source, destination).counts

    def _link(self, source: str, destination: str) -> RehearsedLink:
        ends = (self._rehearsal.member(source).ref, self._rehearsal.member(destination).ref)
        for each in self._rehearsal.links:
            if each.link.ends == ends:
                return each
        raise KeyError(f"cannot find a link from {source} to {destination}")

    @property
    def failures(self) -> list[Failure]:
        """What failed and was skipped, by routine in the order of the file."""
        return [failure for each in self._rehearsal.members for failure in each.stepped.failures]

    @property
    def events_raised(self) -> list[Raised]:
        """What routines called ``notify_event`` with, by routine in the order of the file."""
        return [raised for each in self._rehearsal.members for raised in each.stepped.raised]

    # -- events

    def event(self, event: str, target: str = "", **params: Any) -> dict[str, Any]:
        """Have routines handle an event: of all, of a flow or one; what handlers returned, by FLOW/ROUTINE.

        Raises:
            EventFailed: a handler refused or raised, or nobody has one.
        """
        answers: dict[str, Any] = {}
        unhandled = [f"no routine is called {target}"]
        for each in self._targets(target):
            each.stepped.reason = None
            each.stepped.put(event, params, wants_answer=True)
            for answer in each.stepped.handle_events():
                if answer.unhandled:
                    unhandled.append(str(answer.error))
                elif answer.error is not None:
                    raise EventFailed(answer.error) from each.stepped.reason
                else:
                    answers[str(each.ref)] = answer.value
        if not answers:
            raise EventFailed(unhandled[-1])
        return answers

    def _targets(self, target: str) -> list[Member]:
        whole = Target.parse(f"{self._pipeline.name}/{target}" if target else self._pipeline.name)
        found = [
            each
            for each in self._rehearsal.members
            if whole.covers(self._pipeline.name, each.ref.flow, each.ref.routine)
        ]
        return [each for each in found if not each.over]


@contextmanager
def running_definition(
    file: str | Path,
    inputs: Mapping[str, Sequence[Any]] | None = None,
    *,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    on_error: Literal["raise", "defined"] = "raise",
    drops: bool = False,
    credentials: Mapping[str, str | bytes] | None = None,
    keep: Collection[str] | None = None,
    clock: VirtualClock | None = None,
) -> Iterator[Run]:
    """Set all routines of a definition up, and clean up behind the block; ``play`` runs them.

    Args:
        file: the definition; drop-ins beside it are merged over it.
        inputs: routine → the messages that it gives instead of running, at its fps. Its class is not loaded, nor that
            of a routine of which nothing is taken then.
        params: routine → params that are set over the definition's.
        on_error: ``raise`` lets what ``main_logic`` raises reach the test; ``defined`` does what the definition says
            and keeps it in ``failures``; where that is ``fail``, it is raised.
        drops: links drop as the definition says; else all of them wait.
        credentials: name → what is in it.
        keep: the routines whose messages are kept for ``taken`` and ``given``; all if not said.
        clock: one that others share.

    Raises:
        InvalidDefinition: something is wrong with it, or with a class; says all that is.
    """
    wish = Wish(
        inputs=inputs or {},
        params=params or {},
        on_error=on_error,
        drops=drops,
        credentials=credentials or {},
        keep=keep,
    )
    pipeline, rehearsal = rehearsed(Path(file), wish, clock or VirtualClock())
    with rehearsal:
        yield Run(pipeline, rehearsal)


def run_definition(
    file: str | Path,
    inputs: Mapping[str, Sequence[Any]] | None = None,
    *,
    until: float | Callable[[Run], bool] | None = None,
    **settings: Any,
) -> Run:
    """Run a definition to the end of all its streams, or ``until``, and clean up; settings as ``running_definition``'s.

    The order is always the same, and so is what comes of it.
    """
    with running_definition(file, inputs, **settings) as run:
        run.play(until)
    return run

"""Names that a running daemon knows, for whoever completes a command line. Where none answers there are none.

A shell waits meanwhile and shows whatever is said: nothing is said, and a daemon that is slow is not waited for.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click
from click.shell_completion import CompletionItem

from pipertd.ctl.settings import Settings

if TYPE_CHECKING:
    from pipertd.client import Client, records

PATIENCE_S = 3.0
_Names = Callable[[click.Context, click.Parameter, str], list[str]]


def names(found: Callable[[Client, click.Context, str], Iterable[str]]) -> _Names:
    """What completes an argument: of the names that ``found`` asks the daemon for, those that begin as it does."""

    def complete(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in dict.fromkeys(_ask(found, context, incomplete)) if name.startswith(incomplete)]

    return complete


def words(choice: Iterable[str]) -> _Names:
    """What completes by words that are known without a daemon."""
    known = list(choice)

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
        return [word for word in known if word.startswith(incomplete.lower())]

    return complete


def _ask(
    found: Callable[[Client, click.Context, str], Iterable[str]], context: click.Context, incomplete: str
) -> list[str]:
    settings: Settings = context.obj or Settings()
    if settings.is_local and not Path(settings.address.removeprefix("unix:").removeprefix("//")).exists():
        return []  # without importing gRPC
    from pipertd.client import Client
    from pipertd.errors import PipertdError

    try:
        with Client(settings.address, tls=settings.tls()) as client, _soon():
            return list(found(client, context, incomplete))
    except (PipertdError, TimeoutError, ValueError, click.UsageError):
        return []


@contextmanager
def _soon() -> Iterator[None]:
    def give_up(*_: int | FrameType | None) -> NoReturn:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@names
def pipelines(client: Client, _: click.Context, __: str) -> Iterable[str]:
    """Every pipeline."""
    return [pipeline.name for pipeline in client.status.get().pipelines]


@names
def targets(client: Client, _: click.Context, incomplete: str) -> Iterable[str]:
    """Pipelines, or behind a slash flows or routines; where only one is left, also what is in it."""
    found = client.status.get().pipelines
    levels = [
        [pipeline.name for pipeline in found],
        [f"{pipeline.name}/{flow.name}" for pipeline in found for flow in pipeline.flows],
        [f"{pipeline.name}/{each.flow}/{each.name}" for pipeline in found for each in pipeline.routines],
    ]
    level = min(incomplete.count("/"), len(levels) - 1)
    here = [name for name in levels[level] if name.startswith(incomplete)]
    if len(here) == 1 and level + 1 < len(levels):
        here += [name for name in levels[level + 1] if name.startswith(f"{here[0]}/")]
    return here


@names
def routines(client: Client, context: click.Context, _: str) -> Iterable[str]:
    """``FLOW/ROUTINE`` of the pipeline that was named before."""
    (pipeline,) = client.status.get(context.params["pipeline"]).pipelines
    return [f"{each.flow}/{each.name}" for each in pipeline.routines]


@names
def sources(client: Client, context: click.Context, _: str) -> Iterable[str]:
    """What links begin at, in the pipeline that was named before."""
    (pipeline,) = client.status.get(context.params["pipeline"]).pipelines
    return [link.source for link in pipeline.links]


@names
def destinations(client: Client, context: click.Context, _: str) -> Iterable[str]:
    """What links lead to, from the source and in the pipeline that were named before."""
    (pipeline,) = client.status.get(context.params["pipeline"]).pipelines
    source = context.params["source"]
    return [link.destination for link in pipeline.links if source in (link.source, link.source.partition("/")[2])]


@names
def tapped(client: Client, context: click.Context, incomplete: str) -> Iterable[str]:
    """The words of a link between flows, ``PIPELINE/FROM TO`` or ``PIPELINE FROM TO``, one behind the other."""
    links = {
        pipeline.name: [(link.source, link.destination) for link in pipeline.links if _is_between_flows(link)]
        for pipeline in client.status.get().pipelines
    }
    before: tuple[str, ...] = context.params["link"] or ()
    match "/".join(before).split("/", 1) if before else []:  # both ways of writing it are the same then
        case []:
            here = [name for name in links if links[name] and name.startswith(incomplete.partition("/")[0])]
            starts = [f"{name}/{source}" for name in here for source, _ in links[name]]
            return starts if "/" in incomplete else here + (starts if len(here) == 1 else [])
        case [pipeline]:
            return [source for source, _ in links.get(pipeline, ())]
        case [pipeline, begin]:
            return [end for source, end in links.get(pipeline, ()) if begin in (source, source.partition("/")[2])]
    return []


def _is_between_flows(link: records.Link) -> bool:
    return link.source.partition("/")[0] != link.destination.partition("/")[0]


@names
def events(client: Client, _: click.Context, __: str) -> Iterable[str]:
    """Every event that a routine of a running flow handles."""
    found = client.status.get().pipelines
    return sorted({each.event for one in found for each in client.events.handlers(one.name).handlers})


@names
def parameters(client: Client, context: click.Context, _: str) -> Iterable[str]:
    """``KEY=`` of each parameter that the event's handlers take at the target, but those that are given."""
    from pipertd.names import Target

    aim, event = Target.parse(context.params["target"]), context.params["name"]
    given = {word.partition("=")[0] for word in context.params["params"] or ()}
    found = [each for each in client.events.handlers(aim.pipeline).handlers if each.event == event]
    taken = [each for each in found if aim.covers(aim.pipeline, each.flow, each.routine)]
    return [f"{one.name}=" for each in taken for one in each.parameters if one.name not in given]


def targets_or_files(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Targets; where none fits, files, which the shell itself finds."""
    found = [CompletionItem(name) for name in targets(context, parameter, incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def documented(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """The words of commands that print documents, one behind the other."""
    from pipertd.ctl.documents.contract import DOCUMENTS

    before = list(context.params["words"] or ())
    known = [command.split() for command in DOCUMENTS]
    here = [words[len(before)] for words in known if words[: len(before)] == before and len(words) > len(before)]
    return [word for word in dict.fromkeys(here) if word.startswith(incomplete)]


@names
def quarantined(client: Client, _: click.Context, __: str) -> Iterable[str]:
    """The ids of messages in quarantine."""
    return [message.id for message in client.quarantine.list()]

"""All that is looked at, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipertd import __version__
from pipertd.ctl.doctor import (
    account,
    address,
    cgroups,
    credentials,
    definitions,
    disk,
    flows,
    groups,
    hardening,
    interpreters,
    kernel,
    limits,
    logs,
    machine,
    memory,
    unit,
    version,
)
from pipertd.ctl.doctor.finding import Finding, Severity, quoted
from pipertd.definition.check import check_files
from pipertd.definition.model import Pipeline
from pipertd.definition.parse import Unreadable
from pipertd.definition.problem import Problem
from pipertd.definition.read import FOLDERS, definition_files

if TYPE_CHECKING:
    from pipertd.client import Client, records
    from pipertd.ctl.settings import Settings

_PLAN_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Daemon:
    """What the daemon says of itself, its pipelines and its definitions.

    Attributes:
        unread: why it says nothing of its definitions.
        unlogged: why it has no records.
    """

    about: records.Daemon
    pipelines: tuple[records.Pipeline, ...]
    quarantined: int
    problems: tuple[Problem, ...]
    unread: str
    unlogged: str


@dataclass(frozen=True)
class Examination:
    """What was found, worst first, and what could not be looked at, with the reason."""

    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether there is nothing but notes."""
        return all(each.severity is Severity.NOTE for each in self.findings)


def examine(settings: Settings, files: Sequence[Path] = ()) -> Examination:
    """Look at this machine, at its daemon, and at ``files`` beside the definitions of that daemon.

    Of a daemon on another machine only what it tells is looked at.
    """
    path = address.socket_of(settings.address)
    if path is None:
        daemon, unheard = _ask(settings)
        found = _heard(daemon, None) if daemon else [address.unheard(settings.address, unheard)]
        told = definitions.findings((), daemon.problems, None) if daemon else ()
        left_out = ["the machine of the daemon: run doctor there", *_unread(daemon)]
        return _examination([*found, *told], left_out)
    properties, way, systemd = unit.look(), address.look(path), machine.has_systemd()
    daemon, unheard = _ask(settings) if way is address.Way.OPEN else (None, f"its socket is {way}")
    folders = tuple(map(Path, daemon.about.definitions)) if daemon else FOLDERS
    pipelines, problems = _read(folders, files)
    found = [
        *address.findings(address.Asking(path, way, account.myself(), properties)),
        *kernel.findings(kernel.look()),
        *memory.findings(memory.look(pipelines)),
        *cgroups.findings(_groups(daemon) or cgroups.look(properties), properties, pipelines, systemd=systemd),
        *limits.findings(
            limits.look(pipelines, daemon.about.descriptor_limit if daemon else None), properties, systemd=systemd
        ),
        *disk.findings(disk.look(Path(daemon.about.state_dir) if daemon else disk.STATE)),
        *groups.findings(properties),
        *hardening.findings(properties, pipelines),
        *credentials.findings(credentials.look(properties), pipelines),
        *definitions.findings(pipelines, _with_the_daemons(problems, daemon), _daemons_user(daemon, properties)),
        *interpreters.findings(interpreters.look(pipelines)),
        *(_heard(daemon, properties) if daemon else ()),
    ]
    left_out = [f"the daemon itself: {unheard}"] if unheard else []
    left_out += [*_unread(daemon), *_unimported([each for each in pipelines if not daemon or each.file in files])]
    if properties is None:
        left_out.append(f"the settings of {unit.NAME}: no systemd here has such a unit")
    return _examination(found, left_out)


def _examination(found: Iterable[Finding], left_out: Sequence[str]) -> Examination:
    """The findings, worst first."""
    severities = list(Severity)
    return Examination(tuple(sorted(found, key=lambda each: severities.index(each.severity))), tuple(left_out))


def _ask(settings: Settings) -> tuple[Daemon | None, str]:
    """What the daemon says, or why it says nothing."""
    from pipertd.client import Client, ClientError
    from pipertd.errors import CertificateError

    try:
        with Client(settings.address, tls=settings.tls()) as client:
            about = client.status.daemon()
            try:
                quarantined = len(client.quarantine.list())
            except ClientError:  # who may only observe may not see it
                quarantined = 0
            pipelines = client.status.get().pipelines
            unlogged = logs.look(client, about.started_s)
            return Daemon(about, pipelines, quarantined, *_ask_for_problems(client), unlogged), ""
    except (ClientError, CertificateError) as error:
        return None, str(error)


def _ask_for_problems(client: Client) -> tuple[tuple[Problem, ...], str]:
    """What keeps definitions from being loaded, classes too, as the daemon has them; and why it does not say."""
    from pipertd.client import ClientError

    try:
        found = client.pipelines.plan(timeout_s=_PLAN_TIMEOUT_S).problems
    except ClientError as error:  # who may only observe may have no plan made
        return (), str(error)
    return tuple(Problem(Path(each.file), each.line, each.column, each.path, each.text) for each in found), ""


def _with_the_daemons(problems: Sequence[Problem], daemon: Daemon | None) -> list[Problem]:
    """Those that are found from here and those that the daemon finds; interpreters are looked at by themselves."""
    told = daemon.problems if daemon else ()
    return sorted({*problems, *(each for each in told if each.path != "python")})


def _unread(daemon: Daemon | None) -> list[str]:
    return [f"definitions as the daemon loads them: {daemon.unread}"] if daemon and daemon.unread else []


def _unimported(pipelines: Sequence[Pipeline]) -> list[str]:
    """Definitions the classes of which no daemon has imported."""
    files = [each.file for each in pipelines if each.file is not None]
    return [f"the classes of these definitions: run `pipertctl check {quoted(files)}`"] if files else []


def _read(folders: Sequence[Path], files: Sequence[Path]) -> tuple[tuple[Pipeline, ...], tuple[Problem, ...]]:
    """The sound pipelines and every problem; classes are left to the daemon and to ``pipertctl check``."""
    try:
        chosen = [*definition_files(folders), *files]
    except Unreadable as reason:
        return (), (reason.problem,)
    checked = check_files(chosen, folders, classes=False)
    return checked.pipelines, checked.problems


def _groups(daemon: Daemon | None) -> cgroups.Groups | None:
    return cgroups.Groups(daemon.about.cgroups_missing, daemon.about.cgroup_controllers) if daemon else None


def _daemons_user(daemon: Daemon | None, properties: unit.Unit | None) -> account.Account | None:
    """Who runs the daemon, or would."""
    if daemon is not None:
        return account.runs_as(daemon.about.pid)
    return account.user_named(properties.get("User", "root")) if properties is not None else None


def _heard(daemon: Daemon, properties: unit.Unit | None) -> Iterator[Finding]:
    yield from version.findings(__version__, daemon.about.version, daemon.about.python, properties)
    yield from logs.findings(daemon.unlogged)
    yield from flows.findings(daemon.pipelines, daemon.quarantined)

"""The settings of the unit: what it needs to survive, and what its hardening takes from flows.

Flows live in the sandbox of the daemon. What a definition names and the sandbox hides is said here, before a routine
fails on it. Where a drop-in ships that is made for the case, it is named, and the command writes one of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from pipertd.ctl.doctor.definitions import HOMES, named_paths
from pipertd.ctl.doctor.finding import Finding, Severity
from pipertd.ctl.doctor.unit import Unit, drop_in
from pipertd.definition.model import Pipeline

SUBJECT = "unit"
_SYSTEM_CALLS = ("memfd_create", "pidfd_open", "pidfd_send_signal", "fallocate", "sched_setaffinity", "setpriority")
_ON = ("yes", "true")


def findings(unit: Unit | None, pipelines: Sequence[Pipeline]) -> Iterator[Finding]:
    """What of the unit would hurt, or hurts one of the pipelines."""
    if unit is None:
        return
    yield from _survival(unit)
    yield from _hidden(unit, pipelines)
    yield from _forbidden(unit)


def _survival(unit: Unit) -> Iterator[Finding]:
    """Settings without which a crash or a restart of the daemon is not one of the daemon alone."""
    if unit.get("KillMode") not in (None, "process"):
        what = f"KillMode={unit['KillMode']}: systemd kills all flows with the daemon"
        yield _risk(what, "a crash or a restart of the daemon stops every pipeline", "killmode", "KillMode=process")
    if unit.get("RuntimeDirectoryPreserve") == "no":
        what = "RuntimeDirectoryPreserve=no: what is on record of the flows goes with the daemon"
        why = "after a crash the next daemon does not know them, and begins anew"
        yield _risk(what, why, "preserve", "RuntimeDirectoryPreserve=yes")
    if unit.get("FileDescriptorStoreMax") == "0":
        what = "FileDescriptorStoreMax=0: systemd keeps nothing of the flows' shared memory"
        why = "where the daemon and all flows of a pipeline die at once, what lay on its links is lost"
        yield _risk(what, why, "store", "FileDescriptorStoreMax=4096")
    if unit.get("PrivateTmp") in _ON:
        what = "PrivateTmp=yes: /tmp is emptied when the daemon goes"
        why = "flows that go on over a restart lose their files in /tmp"
        yield _risk(what, why, "tmp", "PrivateTmp=no", "TemporaryFileSystem=/tmp:mode=1777 /var/tmp:mode=1777")


def _hidden(unit: Unit, pipelines: Sequence[Pipeline]) -> Iterator[Finding]:
    """Files that definitions name and that flows cannot see."""
    named = sorted({(path, each.name) for each in pipelines for path in named_paths(each)})
    homes = unit.get("ProtectHome", "no")
    if homes not in ("no", "read-only"):
        hidden = [each for each in named if _below(each[0], HOMES)]
        yield from _unseen(
            f"ProtectHome={homes}",
            hidden,
            "other-user",
            lambda _: ["ProtectHome=read-only"],
            "to run as who lives there",
        )
    empty = [each.partition(":")[0] for each in unit.get("TemporaryFileSystem", "").split()]
    hidden = [each for each in named if _below(each[0], empty)]
    yield from _unseen("TemporaryFileSystem=", hidden, "tmp", lambda path: [f"BindReadOnlyPaths={path}"])
    if unit.get("PrivateDevices") in _ON:
        hidden = [each for each in named if _below(each[0], ("/dev",)) and not _below(each[0], ("/dev/shm",))]
        allowed = ["PrivateDevices=no", "DevicePolicy=closed"]
        kinds = "for cameras and graphics processors"
        yield from _unseen(
            "PrivateDevices=yes", hidden, "devices", lambda path: [*allowed, f"DeviceAllow={path}"], kinds
        )


def _unseen(
    setting: str,
    hidden: Sequence[tuple[str, str]],
    subject: str,
    mended: Callable[[str], Sequence[str]],
    ships: str = "",
) -> Iterator[Finding]:
    """What one setting hides, as (path, pipeline), and the settings under which each is seen.

    Where a drop-in of the subject's name ``ships``, that says what for.
    """
    if not hidden:
        return
    paths, names = (list(dict.fromkeys(each)) for each in zip(*hidden, strict=True))
    what = f"{setting} hides {', '.join(paths)}: used by {', '.join(names)}"
    settings = dict.fromkeys(each for path in paths for each in mended(path))
    command = f"{drop_in(subject, *settings)} && pipertctl restart {names[0]}"
    why = "its flows cannot use it while systemd runs the daemon"
    why += f"; {_shipped(subject)} is {ships}" if ships else ""
    yield Finding(Severity.FAULT, SUBJECT, what, why, command)


def _forbidden(unit: Unit) -> Iterator[Finding]:
    """Calls that are needed and may not be made."""
    if unit.get("MemoryDenyWriteExecute") in _ON:
        what = "MemoryDenyWriteExecute=yes: no code can be made while a flow runs"
        why = f"numba, torch.compile and the like fail in every flow; {_shipped('compilers')} is for them"
        yield _risk(what, why, "compilers", "MemoryDenyWriteExecute=no")
    allowed = unit.get("SystemCallFilter", "").split()
    if allowed and not allowed[0].startswith("~"):
        missing = [call for call in _SYSTEM_CALLS if call not in allowed]
        if missing:
            what = f"SystemCallFilter= leaves out {', '.join(missing)}"
            yield _fault(what, "calls", "SystemCallFilter=@system-service")
    families = unit.get("RestrictAddressFamilies", "").split()
    if families and not families[0].startswith("~") and "AF_UNIX" not in families:
        yield _fault("RestrictAddressFamilies= leaves out AF_UNIX", "families", "RestrictAddressFamilies=AF_UNIX")


def _shipped(subject: str) -> str:
    return f"the drop-in {subject}.conf"


def _below(path: str, folders: Sequence[str]) -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def _fault(what: str, subject: str, *settings: str) -> Finding:
    return Finding(Severity.FAULT, SUBJECT, what, "the daemon cannot work without", drop_in(subject, *settings))


def _risk(what: str, why: str, subject: str, *settings: str) -> Finding:
    return Finding(Severity.RISK, SUBJECT, what, why, drop_in(subject, *settings))

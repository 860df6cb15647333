"""What the notices of a flow say: their kind, their text behind the flow's name, and their details. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipertd.supervisor.death import Death
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.lifecycle import Input
from pipertd.supervisor.strays import Stray
from pipertd.supervisor.view import LinkView, NoticeKind, State
from pipertd.supervisor.watch import Expiry

_STACKS = "the stacks of its threads are in its log"


class Saying(NamedTuple):
    """What is said of a flow, or of a routine of it."""

    kind: NoticeKind
    text: str
    details: Mapping[str, str] = {}
    routine: str = ""


def state_changed(before: State, after: State, why: str) -> Saying:
    """It went from one state to another."""
    text = f"is {after} (was {before}): {why}"
    return Saying(NoticeKind.FLOW_STATE_CHANGED, text, {"from": before.value, "to": after.value})


def adopted(pid: int, generation: int) -> Saying:
    """A process of it was found alive that a daemon before this one started."""
    return Saying(NoticeKind.FLOW_ADOPTED, f"is adopted (generation {generation})", {"pid": str(pid)})


def started(pid: int, generation: int) -> Saying:
    """A process of it is let in."""
    return Saying(NoticeKind.FLOW_STARTED, f"was started (generation {generation})", {"pid": str(pid)})


def launch_failed(reason: str) -> Saying:
    """It cannot have a process."""
    return Saying(NoticeKind.FLOW_FAILED, f"failed: {reason}", {"failure": Failure.LAUNCH_FAILED})


def launch_put_off(reason: str, delay_s: float) -> Saying:
    """It cannot have a process now, and may have one in a moment."""
    text = f"is restarted in {delay_s:g} s, because there is nothing left to start it with: {reason}"
    return Saying(NoticeKind.FLOW_RESTARTING, text, {"failure": Failure.LAUNCH_FAILED})


def limits_unmet(problems: str) -> Saying:
    """Its process does not have all of its limits."""
    return Saying(NoticeKind.LIMITS_UNMET, f"runs without some of its limits: {problems}")


def paused(is_paused: bool) -> Saying:
    """It takes nothing any more, or goes on."""
    if is_paused:
        return Saying(NoticeKind.FLOW_PAUSED, "is paused")
    return Saying(NoticeKind.FLOW_RESUMED, "goes on")


def standby_failed(why: str) -> Saying:
    """Its standby died, or could not be had."""
    return Saying(NoticeKind.STANDBY_FAILED, f"has no standby until its next generation: {why}")


def settling_failed(why: str) -> Saying:
    """What it left is not settled."""
    text = f"may keep slots of its neighbours until it is started again: settling what it left failed: {why}"
    return Saying(NoticeKind.SETTLING_FAILED, text)


def slots_hoarded(routine: str, link: LinkView) -> Saying:
    """A routine of it waits for a slot that others keep."""
    who = ", ".join(link.leased_by)
    text = (
        f"waits for a slot: {who} keeps arrays of {link.leased} messages of {link.source} -> {link.destination}; "
        "have it keep copies, or make the link deeper"
    )
    return Saying(NoticeKind.SLOTS_HOARDED, text, {"hoarded_by": who}, routine)


def watchdog_expired(expiry: Expiry, reason: str) -> Saying:
    """A deadline was missed."""
    details = {
        "deadline": expiry.deadline.value,
        "allowed_s": f"{expiry.allowed_s:g}",
        "silent_s": f"{expiry.silent_s:.3f}",
    }
    return Saying(NoticeKind.WATCHDOG_EXPIRED, f"is killed: {reason}; {_STACKS}", details, expiry.routine)


def contact_lost(silent_s: float, reason: str) -> Saying:
    """It does not answer."""
    return Saying(NoticeKind.CONTACT_LOST, f"is killed: {reason}; {_STACKS}", {"silent_s": f"{silent_s:.3f}"})


def exited(death: Death) -> Saying:
    """Its process is dead."""
    said = {"guilty": death.guilty, "failure": death.name or "", "log": death.log, "stacks": death.stacks}
    details = {"pid": str(death.pid), "ending": str(death.ending), **{key: text for key, text in said.items() if text}}
    return Saying(NoticeKind.FLOW_EXITED, f"{death.ending} (generation {death.generation})", details)


def aftermath(death: Death, *, has_standby: bool) -> Saying | None:
    """What comes after a death, where it is not what an operator wanted, nor the end of a stream."""
    details = {"failure": death.verdict.failure or "", "log": death.log}
    if death.verdict.happened is Input.DIED_TO_RETURN:
        when = "at once by its standby" if has_standby else f"in {death.verdict.delay_s:g} s"
        return Saying(NoticeKind.FLOW_RESTARTING, f"is restarted {when}: it {death.reason}", details)
    if death.verdict.happened is Input.DIED_FOR_GOOD:
        return Saying(NoticeKind.FLOW_FAILED, f"failed: it {death.reason}", details)
    return None


def processes_left(strays: Sequence[Stray]) -> Saying:
    """It left processes running when it died."""
    text = (
        f"left {', '.join(map(str, strays))} running, in a session or group of its own: end it by hand; "
        "where pipertd has a cgroup it goes with its flow"
    )
    return Saying(NoticeKind.PROCESSES_LEFT, text, {"pids": " ".join(str(each.pid) for each in strays)})

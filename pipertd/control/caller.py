"""Who calls: by which door, under which name, in which role. Known to a handler without being handed to it."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from pipertd.control.roles import Role
from pipertd.errors import PipertdError


@dataclass(frozen=True)
class Caller:
    """One caller.

    Attributes:
        role: None where nothing grants one.
        door: the socket's name, or "tls".
        why: what its role comes from, in words: "observe.sock" or "the certificate of 'alice'".
        remedy: what somebody who needs more can do.
        name: of its certificate; empty on a socket.
        peer: its address; empty on a socket.
        claimed_uid: the user id that it says it has. On a socket nothing proves it, over TCP it means little.
    """

    role: Role | None
    door: str
    why: str
    remedy: str
    name: str = ""
    peer: str = ""
    claimed_uid: str = ""

    def may(self, least: Role) -> bool:
        """Whether it has ``least`` or more."""
        return self.role is not None and self.role >= least


class NotPermitted(PipertdError):
    """Raised when a caller's role is too small for what it asks."""

    def __init__(self, what: str, least: Role, caller: Caller) -> None:
        has = f"makes you an {caller.role}" if caller.role else "has no role"
        super().__init__(f"cannot {what}: it takes the role {least}, and {caller.why} {has}; {caller.remedy}")
        self.what, self.role, self.least_role = what, str(caller.role or "none"), str(least)
        self.door, self.name = caller.door, caller.name


_calling: ContextVar[Caller] = ContextVar("caller")


def enter(caller: Caller) -> None:
    """The rest of this rpc is done for ``caller``. Each rpc is a task of its own, so nobody has to leave."""
    _calling.set(caller)


def caller() -> Caller:
    """Whoever called the rpc that is being handled."""
    return _calling.get()


def demand(least: Role, what: str) -> None:
    """Go on only if the caller has ``least`` or more; for what an rpc grants to some of its callers only.

    Raises:
        NotPermitted: it has less.
    """
    found = caller()
    if not found.may(least):
        raise NotPermitted(what, least, found)

"""Users: who somebody is, and whether a file is open to them."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Account:
    """A user as the kernel sees them."""

    name: str
    uid: int
    groups: frozenset[int]

    def barred_at(self, path: Path, need: int = os.R_OK) -> Path | None:
        """Where on the way to ``path`` the user is stopped; None where they get through, or nobody can tell.

        Root passes everywhere. The file has to give ``need``, a folder has to be searchable.
        """
        if self.uid == 0:
            return None
        for place, wanted in _way(path, need):
            try:
                found = place.stat()
            except PermissionError:  # it is the folder above that bars us too, and it was looked at
                return place if self.uid == os.geteuid() else None
            except OSError:
                return None
            if self._mode(found) & wanted != wanted:
                return place
        return None

    def _mode(self, found: os.stat_result) -> int:
        """The three bits that count for this user."""
        if found.st_uid == self.uid:
            return found.st_mode >> 6
        return found.st_mode >> 3 if found.st_gid in self.groups else found.st_mode


def _way(path: Path, need: int) -> Iterator[tuple[Path, int]]:
    """Every folder on the way to the path, also where links lead, with what it has to give."""
    for each in dict.fromkeys((path.absolute(), path.resolve())):
        yield from ((folder, os.X_OK) for folder in reversed(each.parents))
        yield each, need | os.X_OK if each.is_dir() else need


def myself() -> Account:
    """Who runs this, with the groups that count now."""
    uid = os.geteuid()
    return Account(_name(uid), uid, frozenset({os.getegid(), *os.getgroups()}))


def account_of(uid: int) -> Account:
    """A user as the user database has them."""
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, frozenset())
    return Account(user.pw_name, uid, frozenset(os.getgrouplist(user.pw_name, user.pw_gid)))


def runs_as(pid: int) -> Account | None:
    """Who runs a process; None where it is gone."""
    try:
        return account_of(Path(f"/proc/{pid}").stat().st_uid)
    except OSError:
        return None


def user_named(name: str) -> Account | None:
    """The user of that name; None where there is none."""
    try:
        return account_of(pwd.getpwnam(name).pw_uid)
    except KeyError:
        return None


def members(group: str) -> frozenset[str] | None:
    """The names that the group database has in it; None where there is no such group."""
    try:
        return frozenset(grp.getgrnam(group).gr_mem)
    except KeyError:
        return None


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

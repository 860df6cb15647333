from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.ctl.doctor.account import Account, account_of, members, myself, runs_as, user_named

STRANGER = Account("stranger", 54321, frozenset({54321}))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that everybody gets to; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_it_is_said_where_a_stranger_is_stopped(folder: Path) -> None:
    """By a folder that may not be passed, or by the file itself; where both are open nobody is stopped."""
    inner = folder / "inner"
    inner.mkdir(mode=0o755)
    file = inner / "file"
    file.write_text("")
    file.chmod(0o644)
    assert STRANGER.barred_at(file) is None
    inner.chmod(0o700)
    assert STRANGER.barred_at(file) == inner
    inner.chmod(0o711)
    file.chmod(0o640)
    assert STRANGER.barred_at(file) == file
    assert Account("member", 54321, frozenset({file.stat().st_gid})).barred_at(file) is None
    assert account_of(0).barred_at(file) is None


def test_a_link_is_followed(folder: Path) -> None:
    """An interpreter is a link; what counts is also the way to where it leads."""
    hidden = folder / "hidden"
    hidden.mkdir(mode=0o700)
    (hidden / "python").write_text("")
    (folder / "python").symlink_to(hidden / "python")
    assert STRANGER.barred_at(folder / "python") == hidden


def test_what_is_not_there_stops_nobody(folder: Path) -> None:
    """That a file is missing is for others to say."""
    assert STRANGER.barred_at(folder / "nothing" / "here") is None


def test_accounts_are_looked_up() -> None:
    """By process, by number and by name; who is unknown is told by their number, or not at all."""
    assert myself().uid == os.geteuid()
    assert runs_as(os.getpid()) == account_of(os.geteuid())
    assert runs_as(2**22 + 1) is None
    assert account_of(54321).name == "54321"
    root = user_named("root")
    assert root is not None
    assert root.uid == 0
    assert user_named("nobody-of-that-name") is None
    assert members("no-such-group") is None

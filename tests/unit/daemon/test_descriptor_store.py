"""The store of descriptors, before a real notification socket."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.daemon.descriptor_store import (
    LONGEST_NAME,
    MOST_DESCRIPTORS,
    DescriptorStore,
    inherited_descriptors,
    room_for_descriptors,
    stored_name,
)
from pipertd.daemon.notify import Notifier
from pipertd.supervisor.custody import RunName
from pipertd.supervisor.history import History
from pipertd.supervisor.procfs import identity
from pipertd.supervisor.view import NoticeKind
from tests.keeper import Keeper, keeper
from tests.waiting import wait_until

NAME = RunName("street", "20261127T073605123456")
STORED = "street.20261127T073605123456"


class Store:
    """A daemon's side of it, and the other one."""

    def __init__(self, folder: Path, manager: Keeper) -> None:
        self.manager = manager
        self.notifier = Notifier()
        self.history = History(folder / "notices.jsonl")

    def opened(self, inherited: list[tuple[str, int]] | None = None, room: int = 1000) -> DescriptorStore:
        return DescriptorStore(self.notifier, self.history, inherited or [], room)

    def told(self) -> list[str]:
        return [each.message for each in self.history.since(0) if each.kind is NoticeKind.PIPELINE_UNKEPT]

    def until_heard(self, count: int) -> None:
        wait_until(lambda: len(self.manager.heard) >= count, what=f"{count} words")

    def close(self) -> None:
        self.notifier.close()
        self.history.close()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with keeper(tmp_path) as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        one = Store(tmp_path, manager)
        yield one
        one.close()


@pytest.fixture
def fds() -> Iterator[list[int]]:
    made = [os.memfd_create(f"test-{number}") for number in range(3)]
    yield made
    for fd in made:
        os.close(fd)


def test_what_is_kept_is_kept_under_the_name_of_its_run(store: Store, fds: list[int]) -> None:
    """Also if it hangs up, and until it is let go of, when all of the name is removed at once."""
    daemon = store.opened()
    daemon.keep(NAME, fds)
    daemon.let_go(NAME)
    daemon.let_go(NAME)
    store.until_heard(2)
    assert store.manager.heard == [
        f"FDSTORE=1\nFDPOLL=0\nFDNAME={STORED}",
        f"FDSTOREREMOVE=1\nFDNAME={STORED}",
    ]
    assert store.manager.kept == []


def test_many_go_in_several_datagrams(store: Store) -> None:
    """Linux passes 253 at once."""
    many = [os.memfd_create("test") for _ in range(300)]
    try:
        store.opened().keep(NAME, many)
        store.until_heard(2)
        assert sorted(store.manager.identities) == sorted(map(identity, many))
    finally:
        for fd in many:
            os.close(fd)


def test_what_was_inherited_is_taken_whole_or_not_at_all(store: Store, fds: list[int]) -> None:
    """The next daemon finds it by what it is, keeps it without storing it twice, and lets go of what nobody wants."""
    mine, other = [os.dup(fd) for fd in fds[:2]], os.dup(fds[2])
    wanted = set(map(identity, mine))
    inherited = [("other", other), *((STORED, fd) for fd in mine), (STORED, os.dup(mine[0]))]
    daemon = store.opened(inherited)
    assert daemon.take(wanted | {identity(0)}) is None
    assert daemon.take(wanted) == {identity(fd): fd for fd in mine}
    daemon.keep(NAME, mine)
    daemon.keep_only([NAME])
    store.until_heard(1)
    assert store.manager.heard == ["FDSTOREREMOVE=1\nFDNAME=other"]
    for fd in mine:
        os.close(fd)


def test_what_of_a_run_is_missing_is_stored_beside_the_rest(store: Store, fds: list[int]) -> None:
    """A daemon that died while it stored them leaves the other ones to the next."""
    first = os.dup(fds[0])
    daemon = store.opened([(STORED, first)])
    daemon.keep(NAME, fds)
    daemon.keep_only([NAME])
    store.until_heard(1)
    assert store.manager.identities == [identity(fd) for fd in fds[1:]]


def test_where_there_is_no_room_it_is_said_once(store: Store, fds: list[int]) -> None:
    """Nothing is stored then, as a part of a run is of no use; what has room is."""
    daemon = store.opened(room=4)
    daemon.keep(NAME, fds)
    for number in range(2):
        daemon.keep(RunName("yard", f"{number}"), fds)
    store.until_heard(1)
    assert store.manager.names == {STORED}
    (told,) = store.told()
    assert told == (
        "the service manager does not keep the descriptors of pipeline yard: they are 3, and it has room for 1 "
        "(FileDescriptorStoreMax= and LimitNOFILE= of the unit); if the daemon and all flows of it die at once, its "
        "run is lost"
    )


def test_a_service_manager_that_does_not_listen_is_said(
    store: Store, fds: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The run goes on without."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    deaf = Notifier()
    DescriptorStore(deaf, store.history, [], 1000).keep(NAME, fds)
    deaf.close()
    (told,) = store.told()
    assert "No such file or directory" in told


def test_only_what_is_meant_for_this_process_is_inherited() -> None:
    """Not what its parent was given; and whoever it starts is told nothing of it."""
    given = {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b", "HOME": "/"}
    environment = {**given, "LISTEN_PID": str(os.getpid())}
    assert inherited_descriptors(environment) == [("a", 3), ("b", 4)]
    assert environment == {"HOME": "/"}
    assert inherited_descriptors({**given, "LISTEN_PID": str(os.getppid())}) == []
    assert inherited_descriptors({"HOME": "/"}) == []


def test_no_more_are_stored_than_can_be_given_back(store: Store) -> None:
    """For systemd takes twice the places to put them where the next daemon looks for them, under its soft limit."""
    assert room_for_descriptors(store.notifier, 1024) == 512
    assert room_for_descriptors(store.notifier, 1 << 20) == MOST_DESCRIPTORS


def test_all_that_may_be_stored_can_be_given_back() -> None:
    """The names are allowed ones, and so short that all of them fit into one variable of a process that is started."""
    name = stored_name(RunName("a" * 63, NAME.run))
    assert (len(name), name) == (LONGEST_NAME, "aaaaaaaa.20261127T073605123456")
    names = ":".join([name] * MOST_DESCRIPTORS)
    subprocess.run([sys.executable, "-S", "-c", ""], env={"LISTEN_FDNAMES": names}, check=True)

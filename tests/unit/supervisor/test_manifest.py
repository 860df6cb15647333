"""The manifest: read as it was written, or refused with a reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.errors import ManifestError
from pipertd.names import RoutineRef
from pipertd.supervisor.manifest import (
    FlowRecord,
    HomeRecord,
    Manifest,
    ManifestFile,
    RestartsRecord,
    SegmentsRecord,
    manifest_files,
    read_manifest,
)
from pipertd.supervisor.procfs import Identity
from pipertd.supervisor.view import State
from tests.no_files import fifo, folder, link_to_a_device

PARAMS = {"text": "x", "number": 1.5, "nothing": None, "list": [1, {"deep": True}]}
FLOW = Flow("a", (Routine("r", "module:Class", PARAMS), Routine("s", "module:Class")))
DEFINITION = Pipeline("p", (FLOW,), (Link(RoutineRef("a", "r"), RoutineRef("a", "s")),), file=Path("/etc/p.yaml"))


def manifest(**changes: object) -> Manifest:
    home = HomeRecord(number=0, flow="a", routine="r", ledger=Identity(1, 2), pool=None, bell=Identity(3, 4))
    flow = FlowRecord(
        state=State.BACKING_OFF,
        since_s=1.0,
        wanted=True,
        reason="",
        failure=None,
        generation=3,
        living=None,
        restarts=RestartsRecord(count=2, recent=[1.5], delay_s=0.2),
        delay_s=0.1,
        charge=None,
        settling=None,
        standby=None,
    )
    made = Manifest(
        definition=DEFINITION,
        began_s=1.5,
        segments=SegmentsRecord(run="then", guards=Identity(1, 5), links=list(DEFINITION.links), homes=[home]),
        stopping=False,
        to_start=["a"],
        flows={"a": flow},
    )
    return msgspec.structs.replace(made, **changes)


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The definition too, with params of every kind, and no other file is left beside it."""
    file = ManifestFile(tmp_path, "p")
    file.write(manifest())
    file.write(manifest(stopping=True))
    assert read_manifest(file.path) == manifest(stopping=True)
    assert list(manifest_files(tmp_path)) == [("p", file.path)]
    assert [each.name for each in tmp_path.iterdir()] == ["p.run"]


def test_nothing_that_lies_in_its_way_is_written_into(tmp_path: Path) -> None:
    """It is replaced: a daemon that wrote into a FIFO would wait for ever."""
    os.mkfifo(tmp_path / "p.run.new")
    file = ManifestFile(tmp_path, "p")
    file.write(manifest())
    file.write(manifest(stopping=True))
    assert read_manifest(file.path) == manifest(stopping=True)
    assert list(manifest_files(tmp_path)) == [("p", file.path)]
    assert [each.name for each in tmp_path.iterdir()] == ["p.run"]


def test_behind_the_close_nothing_is_written(tmp_path: Path) -> None:
    """An orderly stop leaves no file, whatever is still told of the flows afterwards."""
    file = ManifestFile(tmp_path, "p")
    file.write(manifest())
    file.close()
    file.write(manifest(stopping=True))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"boot": "another"}, "the system was started anew meanwhile"),
        ({"format": 99}, "in format 99, and this pipertd reads format 1"),
    ],
)
def test_one_that_is_not_ours_is_refused(tmp_path: Path, change: dict[str, object], why: str) -> None:
    """No process id and no inode of an earlier boot means anything; another format is not guessed at."""
    file = ManifestFile(tmp_path, "p")
    file.write(manifest(**change))
    with pytest.raises(ManifestError, match=why):
        read_manifest(file.path)


@pytest.mark.parametrize("keep", [0, 1, 40, -1])
def test_one_that_was_cut_is_refused(tmp_path: Path, keep: int) -> None:
    """However much of it is there."""
    file = ManifestFile(tmp_path, "p")
    file.write(manifest())
    file.path.write_bytes(file.path.read_bytes()[:keep])
    with pytest.raises(ManifestError, match=r"cannot read .*p\.run"):
        read_manifest(file.path)


def test_garbage_is_refused(tmp_path: Path) -> None:
    """Bytes of no sense are told from a manifest."""
    path = tmp_path / "p.run"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(ManifestError, match="cannot read"):
        read_manifest(path)


def huge(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def nested(path: Path) -> None:
    write(path, {"params": msgspec.Raw(b"\x91" * 100_000 + b"\xc0")})


def process_that_cannot_be(path: Path) -> None:
    write(path, {"pid": 1 << 40, "started": 1})


def time_that_is_no_number(path: Path) -> None:
    write(path, float("nan"), "since_s")


def generation_below_the_first(path: Path) -> None:
    write(path, -1, "generation")


def generation_that_nobody_can_be_told(path: Path) -> None:
    write(path, 1 << 63, "generation")


def write(path: Path, said: object, field: str = "settling") -> None:
    """A manifest that says this of its one flow."""
    document = msgspec.to_builtins(manifest(), enc_hook=str)
    document["flows"]["a"][field] = said
    path.write_bytes(msgspec.msgpack.encode(document))


NO_MANIFESTS = (
    *(fifo, folder, link_to_a_device, huge, nested, process_that_cannot_be),
    *(time_that_is_no_number, generation_below_the_first, generation_that_nobody_can_be_told),
)


@pytest.mark.parametrize("make", NO_MANIFESTS)
def test_what_is_no_manifest_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    """Whatever lies there under the name: reading it neither waits, nor fills the memory, nor raises anything else."""
    make(tmp_path / "p.run")
    with pytest.raises(ManifestError, match=r"cannot read .*p\.run"):
        read_manifest(tmp_path / "p.run")


def test_half_a_record_does_not_stay(tmp_path: Path) -> None:
    """Where the record cannot be replaced, the new one takes no room; a close leaves alone what is none of ours."""
    file = ManifestFile(tmp_path, "p")
    file.path.mkdir()
    with pytest.raises(IsADirectoryError):
        file.write(manifest())
    file.close()
    assert [each.name for each in tmp_path.iterdir()] == ["p.run"]

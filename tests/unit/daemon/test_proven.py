"""Definitions that worked, on disk."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.daemon.proven import Proof, Proven
from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef

DEFINITION = Pipeline(
    "street",
    (Flow("a", (Routine("r", "m:R", {"sizes": [1, 2.5, None, float("inf")], "deep": {"text": "ü"}}),)),),
    (Link(RoutineRef("a", "r"), RoutineRef("a", "s"), max_age_s=0.5),),
    environment={"A": "b"},
    file=Path("/etc/pipertd/pipelines.d/road.yaml"),
)


class Kept:
    """A folder, and what was unreadable in it when it was opened last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "definitions"
        self.file = self.folder / "street.proven"
        self.unreadable: dict[str, str] = {}

    def open(self) -> Proven:
        self.unreadable.clear()
        return Proven(self.folder, lambda path, why: self.unreadable.update({path.name: why}))

    def keep(self, *definitions: Pipeline) -> Proven:
        proven = self.open()
        for each in definitions:
            asyncio.run(proven.keep(each))
        return proven


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def definition_of(proof: Proof | None) -> Pipeline | None:
    return proof.definition if proof else None


def test_what_was_kept_is_there_for_the_next_daemon(kept: Kept) -> None:
    """Each value of it, found by the name of its file in whichever folder that lies; the last one counts."""
    kept.keep(DEFINITION, replace(DEFINITION, description="newer"))
    proven = kept.open()
    assert definition_of(proven.of_file(Path("/usr/lib/road.yaml"))) == replace(DEFINITION, description="newer")
    assert (proven.holds(DEFINITION), proven.of_file(Path("street.yaml"))) == (False, None)
    assert [path.name for path in kept.folder.iterdir()] == ["street.proven"]


def test_what_was_taken_away_does_not_come_back(kept: Kept) -> None:
    """What is of no file that still counts is forgotten, on the disk too."""
    proven = kept.keep(DEFINITION, replace(DEFINITION, name="yard", file=Path("yard.yaml")))
    proven.forget_but({"yard.yaml"})
    assert (proven.of_file(Path("road.yaml")), kept.open().of_file(Path("road.yaml"))) == (None, None)
    assert kept.open().of_file(Path("yard.yaml")) is not None


def test_a_record_that_ends_anywhere_is_said(kept: Kept) -> None:
    """Cut at any byte it is no definition; nothing raises, and the others are there."""
    kept.keep(DEFINITION, replace(DEFINITION, name="yard", file=Path("yard.yaml")))
    whole = kept.file.read_bytes()
    for cut in range(len(whole)):
        kept.file.write_bytes(whole[:cut])
        proven = kept.open()
        assert (proven.of_file(Path("road.yaml")), list(kept.unreadable)) == (None, ["street.proven"])
        assert proven.of_file(Path("yard.yaml")) is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            lambda whole: whole.replace(b"\xa7version\x01", b"\xa7version\x02"),
            "it is of version 2, and this pipertd reads",
        ),
        (lambda whole: whole.replace(b"\xa6street", b"\xa6garden"), "it is the record of another pipeline, garden"),
        (lambda whole: b"\x91" * 100_000, ""),
        (lambda whole: b"garbage", ""),
    ],
)
def test_what_is_no_record_of_ours_is_said(kept: Kept, change: object, why: str) -> None:
    """That of a newer pipertd, of another name, or none at all."""
    kept.keep(DEFINITION)
    whole = kept.file.read_bytes()
    kept.file.write_bytes(change(whole))  # type: ignore[operator]
    assert kept.open().of_file(Path("road.yaml")) is None
    assert why in kept.unreadable["street.proven"]


def test_nobody_waits_for_what_is_no_file(kept: Kept) -> None:
    """A FIFO holds no start of the daemon up, and hides no other record."""
    kept.keep(replace(DEFINITION, name="yard", file=Path("yard.yaml")))
    os.mkfifo(kept.file)
    assert kept.open().of_file(Path("yard.yaml")) is not None
    assert kept.unreadable == {"street.proven": "it is no regular file"}


def test_nothing_that_lies_in_its_way_is_written_into(kept: Kept) -> None:
    """It is replaced: a daemon that wrote into a FIFO would wait for ever, also when it is to stop."""
    kept.folder.mkdir(exist_ok=True)
    os.mkfifo(kept.folder / "street.proven.new")
    kept.keep(DEFINITION)
    assert [each.name for each in kept.folder.iterdir()] == ["street.proven"]


def test_a_record_that_cannot_be_written_changes_nothing(kept: Kept) -> None:
    """The one before stays, and nothing half-written is left."""
    proven = kept.keep(DEFINITION)
    (kept.folder / "street.proven.new").mkdir()
    with pytest.raises(OSError, match="directory"):
        asyncio.run(proven.keep(replace(DEFINITION, description="newer")))
    assert proven.holds(DEFINITION)
    assert kept.open().holds(DEFINITION)

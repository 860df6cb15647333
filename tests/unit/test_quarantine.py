"""Messages that were put aside, on disk."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from pipertd.errors import UnknownMessage
from pipertd.quarantine import PutAside, Quarantine

MESSAGE = PutAside(
    id="run-p-a-r-0-7",
    pipeline="p",
    flow="a",
    routine="r",
    link="s/s -> a/r",
    sequence=7,
    origin=7,
    attempts=3,
    deaths=3,
    captured_s=1.0,
    time_s=1.0,
    reason="SIGABRT in r",
    stacks="",
    class_path="routines:R",
    params={"amount": 1},
    path=["/etc/pipertd"],
    python="/usr/bin/python3",
    body_offset=0,
    length=5,
)


def named(name: str, time_s: float) -> PutAside:
    """Another message."""
    return msgspec.structs.replace(MESSAGE, id=name, time_s=time_s)


def payload(quarantine: Quarantine) -> bytes:
    with quarantine.open_payload(MESSAGE.id) as file:
        return file.read()


def test_what_was_kept_is_there_for_the_next_process(tmp_path: Path) -> None:
    """A message comes back as it was, with its payload, and is gone when it is dropped."""
    Quarantine(tmp_path / "q", 1000_000).keep(MESSAGE, b"12345")
    later = Quarantine(tmp_path / "q", 1000_000)
    assert later.all() == [MESSAGE]
    assert later.get(MESSAGE.id) == MESSAGE
    assert payload(later) == b"12345"
    later.drop(MESSAGE.id)
    assert later.all() == []
    assert list((tmp_path / "q").iterdir()) == []


def test_keeping_it_again_changes_nothing(tmp_path: Path) -> None:
    """A successor that died before it could count the message writes it again: it is there once."""
    quarantine = Quarantine(tmp_path, 1000_000)
    (tmp_path / f".unfinished-{MESSAGE.id}").mkdir()
    quarantine.keep(MESSAGE, b"12345")
    quarantine.keep(named(MESSAGE.id, 2.0), b"other")
    assert payload(quarantine) == b"12345"
    assert [each.name for each in tmp_path.iterdir()] == [MESSAGE.id]


def test_the_oldest_go_when_there_is_room_no_more(tmp_path: Path) -> None:
    """The limit is kept by dropping the oldest, and the newest is never dropped."""
    quarantine = Quarantine(tmp_path, 5000)
    for number in range(5):
        quarantine.keep(named(f"m{number}", float(number)), bytes(1000))
    assert [each.id for each in quarantine.all()] == ["m2", "m3", "m4"]
    quarantine.keep(named("large", 9.0), bytes(9000))
    assert [each.id for each in quarantine.all()] == ["large"]


def test_what_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    """get, payload and drop say which message they did not find."""
    quarantine = Quarantine(tmp_path / "never made", 1000)
    assert quarantine.all() == []
    for call in (quarantine.get, quarantine.open_payload, quarantine.drop):
        with pytest.raises(UnknownMessage, match=r"cannot find message \.\./etc"):
            call("../etc")


def test_a_record_that_ends_anywhere_hides_no_other(tmp_path: Path) -> None:
    """Cut at any byte it is left out, and nothing raises."""
    quarantine = Quarantine(tmp_path, 1000_000)
    quarantine.keep(MESSAGE, b"12345")
    quarantine.keep(named("cut", 2.0), b"12345")
    about = tmp_path / "cut" / "about.json"
    whole = about.read_bytes()
    for cut in range(len(whole)):
        about.write_bytes(whole[:cut])
        assert quarantine.all() == [MESSAGE]


def test_a_record_of_a_newer_pipertd_is_left_to_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is not shown, and not touched; the log says of which version it is."""
    quarantine = Quarantine(tmp_path, 1000_000)
    quarantine.keep(MESSAGE, b"12345")
    about = tmp_path / MESSAGE.id / "about.json"
    newer = about.read_bytes().replace(b'"version": 1', b'"version": 2')
    about.write_bytes(newer)
    assert quarantine.all() == []
    assert about.read_bytes() == newer
    assert "it is of version 2, and this pipertd reads version 1" in caplog.text


def test_a_folder_that_cannot_be_read_hides_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Garbage in the folder is named in the log, and the others are there."""
    quarantine = Quarantine(tmp_path, 1000_000)
    quarantine.keep(MESSAGE, b"12345")
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "about.json").write_text("{")
    assert quarantine.all() == [MESSAGE]
    assert "garbage" in caplog.text


def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    """Nobody waits for a FIFO that lies in the place of a message, or of its payload."""
    quarantine = Quarantine(tmp_path, 1000_000)
    quarantine.keep(MESSAGE, b"12345")
    quarantine.keep(named("other", 2.0), b"12345")
    for file in (tmp_path / "other" / "about.json", tmp_path / MESSAGE.id / "payload"):
        file.unlink()
        os.mkfifo(file)
    assert quarantine.all() == [MESSAGE]
    with pytest.raises(UnknownMessage):
        quarantine.open_payload(MESSAGE.id)

"""Credentials as a routine sees them: read from files, and shown by nothing."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from pipertd import CredentialMissing, DestinationRoutine
from pipertd.flow.credentials import Credential, Credentials

SECRET = "correct horse battery staple"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("content", "text"), [("s", "s"), ("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), ("\n", "")])
def test_text_is_without_the_end_of_its_line(folder: Path, content: str, text: str) -> None:
    """An editor leaves one behind a password; the bytes are as they are."""
    (folder / "password").write_text(content, newline="")
    found = Credentials(["password"]).read("password")
    assert (found.text, found.content) == (text, content.encode())


def test_it_shows_itself_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Neither printed, logged, nor in a traceback or a container that is; and an f-string that means it is refused."""
    credential = Credential("password", SECRET.encode())
    logging.getLogger("author").error("%s %r", credential, [credential])
    try:
        raise ValueError(credential)
    except ValueError as reason:
        told = "".join(traceback.format_exception(reason))
    shown = f"{caplog.text}{told}{[credential]}%s" % credential
    assert "<credential password>" in shown
    assert "horse" not in shown
    with pytest.raises(TypeError, match=r"cannot write credential password into text: say \.text"):
        f"rtsp://user:{credential}@camera"


def test_bytes_that_are_no_text_are_told_apart(folder: Path) -> None:
    """The error names the credential and the way to its bytes, and nothing of them is in it."""
    (folder / "key").write_bytes(b"horse\xff")
    found = Credentials().read("key")
    with pytest.raises(
        ValueError, match=r"cannot read credential key as text: it is no UTF-8; use \.content"
    ) as refusal:
        _ = found.text
    assert "horse" not in "".join(traceback.format_exception(refusal.value))
    assert found.content == b"horse\xff"


@pytest.mark.parametrize(
    ("named", "asked", "why"),
    [
        (["camera-password"], "camera-pasword", r"does not name it: .*did you mean 'camera-password'\?"),
        ([], "../shadow", "does not name it"),
        (["absent"], "absent", "No such file"),
    ],
)
def test_what_cannot_be_read_says_why(folder: Path, named: list[str], asked: str, why: str) -> None:
    """A name that the definition does not have, and one that nobody gave."""
    with pytest.raises(CredentialMissing, match=f"cannot read credential {asked}: .*{why}"):
        Credentials(named).read(asked)


def test_a_routine_outside_of_a_flow_reads_what_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a test of a routine the folder is all that is asked for; without one the error says how to have it."""
    (folder / "password").write_text(SECRET)
    routine = DestinationRoutine()
    assert routine.credential("password").text == SECRET
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    with pytest.raises(CredentialMissing, match=r"LoadCredential= makes one, elsewhere set CREDENTIALS_DIRECTORY"):
        routine.credential("password")

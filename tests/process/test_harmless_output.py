"""What pipertctl and the daemon show of words that others chose: nothing steers a terminal, nothing looks like ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipertd.rpc import event_pb2, pipeline_pb2
from tests.process.definitions import write_definition
from tests.process.hostile import Raw, rpcs
from tests.process.put_aside import put_aside
from tests.process.served import DEADLINE_S, Daemon
from tests.process.spiteful import FORGED, SPITE
from tests.waiting import wait_until

NOTIFY = next(each for each in rpcs() if each.path.endswith("/NotifyEvent"))


def assert_harmless(text: str) -> None:
    assert text
    assert not set("\x1b\x9b\x07\r\u202e\u2028") & set(text), repr(text)
    assert not [line for line in text.split("\n") if line.startswith(FORGED)]


@pytest.fixture
def spiteful(daemon: Daemon) -> Daemon:
    """A daemon with the pipeline ``p``, and one message in quarantine, all of them full of spite."""
    source, sink = {"class": "spiteful:Spite"}, {"class": "spiteful:Scold"}
    write_definition(daemon.definitions / "p.yaml", source, sink, description=SPITE)
    put_aside(daemon.state / "quarantine", {SPITE: SPITE}, reason=SPITE, stacks=SPITE, params={SPITE: SPITE})
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


def test_no_words_steer_a_terminal(spiteful: Daemon) -> None:
    """Whether they were logged, answered, sent, put aside, or written into a definition, on either stream."""
    folder = spiteful.folder / "spite"
    folder.mkdir()
    broken = json.dumps({"pipeline": "q", SPITE: SPITE, "flows": {SPITE: {"routines": {SPITE: {"class": SPITE}}}}})
    (folder / "q.yaml").write_text(broken)
    for arguments in (
        *(("status",), ("logs",), ("event", "SCOLD", "p")),
        *(("tap", "p", "-n", "1"), ("graph", "p"), ("quarantine", "list"), ("quarantine", "show", "m")),
        *(("quarantine", "show", SPITE), ("check", str(folder)), ("tap", f"p/{SPITE}"), ("enable", SPITE)),
    ):
        done = spiteful.ctl(*arguments)
        assert_harmless(done.stdout + done.stderr)
    (spiteful.definitions / "q.yaml").write_text(broken)
    assert_harmless(spiteful.ctl("reload").stderr)
    assert_harmless(_said(spiteful))


def test_a_client_writes_no_line_of_the_daemon(spiteful: Daemon) -> None:
    """The name of an event is one line of plain text, and not long: it stands in a notice and in the log."""
    raw = Raw(spiteful.runtime / "control.sock")
    for event in (SPITE, "x\ny", "x" * 256, "é" * 128):
        request = event_pb2.NotifyEventRequest(event=event, target=pipeline_pb2.Target(pipeline="p"))
        assert raw.answer(NOTIFY, request.SerializeToString()).code().name == "INVALID_ARGUMENT"
    raw.close()
    assert not spiteful.notices("event_raised")
    assert_harmless(_said(spiteful))


def _said(daemon: Daemon) -> str:
    return Path(daemon.folder / "stderr").read_text()

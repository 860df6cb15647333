"""Server-sent events: followed, resumed, and told why they end."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pipertd.client import Client
from pipertd.cockpit.limits import MOST_STREAMS
from tests.process.http_served import Http, http_of
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def http(served: Daemon) -> Iterator[Http]:
    with http_of(served) as one:
        yield one


def until(events: Iterator[dict[str, str]], kind: str) -> dict[str, str]:
    """The next event of that kind."""
    return next(event for event in events if event["event"] == kind)


def test_a_watch_behind_a_snapshot_misses_nothing(served: Daemon, http: Http) -> None:
    """Its notices come in order and without a gap; who comes back with Last-Event-ID is given what is behind it."""
    status = http.get("/v1/status").document
    http.call("POST", "/v1/pipelines/p/restart")
    path = f"/v1/watch?after_revision={status['revision']}&epoch={status['epoch']}"
    with http.events(path) as events:
        first, second = until(events, "notice"), until(events, "notice")
    assert first["id"] == f"{status['epoch']}:{int(status['revision']) + 1}"
    with http.events("/v1/watch", {"Last-Event-ID": first["id"]}) as events:
        assert until(events, "notice") == second
    assert json.loads(second["data"])["revision"] == second["id"].rpartition(":")[2]


def test_what_is_no_longer_kept_is_gone(http: Http) -> None:
    """410 says that the history of another epoch cannot be had; what is no id at all is 400."""
    refused = http.get("/v1/watch", Last_Event_ID="another:1")
    assert (refused.status, refused.document["reason"]) == (410, "REVISION_TOO_OLD")
    assert {"oldest", "newest"} <= refused.document["metadata"].keys()
    for wrong in ("5", ":5", "a:", "a:x", "a:-5"):
        assert http.get("/v1/watch", Last_Event_ID=wrong).status == 400, wrong


def test_a_stream_says_that_the_daemon_is_gone_and_goes_on(served: Daemon, http: Http) -> None:
    """Calls are 503 with the reason meanwhile; when it is back they work, and the stream has no gap and no double."""
    with http.events("/v1/watch?after_revision=0") as events:
        seen = int(until(events, "notice")["id"].rpartition(":")[2])
        assert served.process is not None
        served.process.send_signal(signal.SIGUSR1)
        assert served.process.wait(DEADLINE_S) == 0
        between = []
        for event in events:
            if event["event"] == "lost":
                break
            between.append(event)
        lost = json.loads(event["data"])
        assert (lost["status"], lost["code"]) == (503, "UNAVAILABLE")
        refused = http.get("/v1/status")
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        assert str(served.runtime / "control.sock") in refused.document["detail"]
        served.start()
        between.append(until(events, "notice"))
        for event in between:
            if event["event"] == "notice":
                seen += 1
                assert int(event["id"].rpartition(":")[2]) == seen
    wait_until(lambda: http.get("/v1/pipelines/p").status == 200, DEADLINE_S, "calls to work again")


def test_a_server_starts_without_a_daemon(served: Daemon) -> None:
    """Nobody has to start them in order: what is asked before is refused with the reason."""
    with http_of(f"{served.runtime}/none.sock") as http:
        for path in ("/v1/status", "/v1/watch", "/start"):
            refused = http.get(path)
            assert (refused.status, refused.document["code"]) == (503, "UNAVAILABLE"), path
            assert "there is no such socket" in refused.document["detail"]


def test_logs_are_followed_and_resumed(http: Http) -> None:
    """Records come as they are written; who comes back with Last-Event-ID is given those behind it."""
    with http.events("/v1/logs/follow?target=p&limit=1") as events:
        first = until(events, "record")
        for text in ("one", "two"):
            http.call("POST", "/v1/pipelines/p/events/NOTE", {"params": {"text": text}})
        second = until(events, "record")
    with http.events("/v1/logs/follow?target=p", {"Last-Event-ID": first["id"]}) as events:
        assert until(events, "record") == second


def test_a_stream_ends_with_a_word_where_the_server_stops(served: Daemon) -> None:
    """Who follows is told by the event end why nothing more comes, and the server ends without waiting for anybody."""
    with http_of(served) as http, http.events("/v1/watch") as events:
        until(events, "progress")
        http.process.terminate()
        told = json.loads(until(events, "end")["data"])
        assert (told["status"], told["reason"]) == (503, "STOPPING")
        assert next(events, None) is None
        assert http.process.wait(DEADLINE_S) == 0


def test_one_stream_too_many_is_refused_and_calls_get_through(served: Daemon, http: Http) -> None:
    """Those that hold every place keep nobody from calls; a place that is left is free at once."""
    with ExitStack() as held, Client(served.address) as client:
        for _ in range(MOST_STREAMS - 1):
            held.enter_context(http.events("/v1/watch"))
        with http.events("/v1/watch"):
            refused = http.get("/v1/watch")
            assert (refused.status, refused.document["reason"]) == (429, "TOO_MANY_CALLS")
            assert http.call("POST", "/v1/pipelines/p/flows/b/pause").status == 200
            assert client.status.daemon().open_streams == MOST_STREAMS
        wait_until(lambda: opens(http), DEADLINE_S, "a place to be free")
        held.close()
        wait_until(lambda: not client.status.daemon().open_streams, DEADLINE_S, "the daemon's streams to be closed")


def opens(http: Http) -> bool:
    try:
        with http.events("/v1/watch"):
            return True
    except AssertionError:
        return False

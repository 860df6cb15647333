"""Streams that go on where they were: notices behind a revision, records behind a cursor, and how far each has come."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from pipertd.clock import monotonic_s
from pipertd.control.pace import BEHIND_S
from pipertd.ctl.exits import Exit
from pipertd.rpc import event_pb2, event_pb2_grpc, log_pb2, log_pb2_grpc, pipeline_pb2, status_pb2, status_pb2_grpc
from tests.process.calls import channel_to, error_info
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

P = pipeline_pb2.Target(pipeline="p")
QUIET = pipeline_pb2.Target(pipeline="quiet")


@contextmanager
def serving(daemon: Daemon) -> Iterator[grpc.Channel]:
    """A daemon with the pipeline ``p`` at work, and ``quiet`` that is never started."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "p", pause_s=0.01))
    write_definition(daemon.definitions / "quiet.yaml", counts(), writes(daemon.folder / "quiet"), autostart=False)
    daemon.start()
    daemon.wait_loaded()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p")
    with channel_to(daemon) as channel:
        yield channel


def watch(channel: grpc.Channel, **request: Any) -> Any:
    stub = status_pb2_grpc.StatusServiceStub(channel)
    return stub.WatchNotices(status_pb2.WatchNoticesRequest(**request), timeout=DEADLINE_S)


def snapshot(channel: grpc.Channel) -> status_pb2.GetStatusResponse:
    stub = status_pb2_grpc.StatusServiceStub(channel)
    response: status_pb2.GetStatusResponse = stub.GetStatus(status_pb2.GetStatusRequest(), timeout=DEADLINE_S)
    return response


def make_a_notice(channel: grpc.Channel, number: int = 0, target: pipeline_pb2.Target = P) -> None:
    request = event_pb2.NotifyEventRequest(event="NOTE", target=target)
    request.params["text"] = f"number {number}"
    request.timeout.FromSeconds(int(DEADLINE_S) // 2)  # else one that its flow is slow to take is lost
    event_pb2_grpc.EventServiceStub(channel).NotifyEvent(request, timeout=DEADLINE_S)


def read_logs(channel: grpc.Channel, **request: Any) -> Any:
    return log_pb2_grpc.LogServiceStub(channel).ReadLogs(log_pb2.ReadLogsRequest(**request), timeout=DEADLINE_S)


def test_a_watch_first_says_where_it_begins(daemon: Daemon) -> None:
    """The first answer is the epoch and the revision behind which it begins, with or without notices behind."""
    with serving(daemon) as channel:
        now = snapshot(channel)
        for asked, begins in ((now.revision, now.revision), (-1, now.revision), (0, 0), (2, 2)):
            first = next(watch(channel, after_revision=asked))
            assert first.WhichOneof("content") == "progress"
            assert (first.progress.epoch, first.progress.revision) == (now.epoch, begins)


def test_a_watch_says_what_it_passes_over(daemon: Daemon) -> None:
    """Where nothing of the target happens, markers tell how far it is, and seldom: notices are many, markers few."""
    with serving(daemon) as channel:
        begin = snapshot(channel).revision
        stream, begin_s = watch(channel, after_revision=begin, target=QUIET), monotonic_s()
        next(stream)
        for number in range(50):
            make_a_notice(channel, number)
        seen: list[status_pb2.WatchNoticesResponse] = []
        while not seen or seen[-1].progress.revision < begin + 50:
            seen.append(next(stream))
        assert {each.WhichOneof("content") for each in seen} == {"progress"}
        assert len(seen) <= 2 + (monotonic_s() - begin_s) / BEHIND_S


def test_many_watchers_in_a_storm_see_every_notice_once(daemon: Daemon) -> None:
    """Begun at any revision, each gets exactly the revisions behind it, in order, while others are being recorded."""
    notices, watchers = 200, 30
    chance = random.Random(6)
    with serving(daemon) as channel:
        last = snapshot(channel).revision + notices
        seen: dict[int, list[int]] = {}
        begins: dict[int, int] = {}

        def follow(me: int, begin: int | None) -> None:
            """From a snapshot where no revision is given."""
            begins[me] = snapshot(channel).revision if begin is None else begin
            for response in watch(channel, after_revision=begins[me]):
                if response.WhichOneof("content") == "notice":
                    seen.setdefault(me, []).append(response.notice.revision)
                    if response.notice.revision >= last:
                        return

        def storm() -> None:
            for number in range(notices - 1):
                make_a_notice(channel, number, QUIET)  # whose answer waits for no flow
            wait_until(lambda: len(begins) == watchers, DEADLINE_S, "a notice to come for each")
            make_a_notice(channel, notices - 1, QUIET)

        threads = [threading.Thread(target=storm)]
        threads += [
            threading.Thread(target=follow, args=(me, chance.choice([None, chance.randrange(1, last - notices)])))
            for me in range(watchers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == watchers
        for me, revisions in seen.items():
            assert revisions == list(range(begins[me] + 1, revisions[-1] + 1))


def test_a_revision_that_cannot_be_had_is_told_with_those_that_can(daemon: Daemon) -> None:
    """OUT_OF_RANGE names the oldest and newest revision and their epoch; what is no revision is INVALID_ARGUMENT."""
    with serving(daemon) as channel:
        now = snapshot(channel)
        for request in ({"after_revision": now.revision + 1000}, {"after_revision": 1, "epoch": "another"}):
            with pytest.raises(grpc.RpcError) as refused:
                next(watch(channel, **request))
            assert refused.value.code() is grpc.StatusCode.OUT_OF_RANGE
            info = error_info(refused.value)
            assert info.reason == "REVISION_TOO_OLD"
            assert (info.metadata["oldest"], info.metadata["epoch"]) == ("1", now.epoch)
            assert int(info.metadata["newest"]) >= now.revision
        with pytest.raises(grpc.RpcError) as refused:
            next(watch(channel, after_revision=-2))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_watch_of_nothing_is_refused_and_one_of_what_was_removed_is_not(daemon: Daemon) -> None:
    """NOT_FOUND for a name that nothing has; what is gone can be watched for as long as a notice tells of it."""
    with serving(daemon) as channel:
        for target in ({"pipeline": "nope"}, {"pipeline": "p", "flow": "nope"}):
            with pytest.raises(grpc.RpcError) as refused:
                next(watch(channel, after_revision=-1, target=pipeline_pb2.Target(**target)))
            assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        (daemon.definitions / "quiet.yaml").unlink()
        assert daemon.ctl("reload").returncode == 0
        assert daemon.ctl("status", "quiet").returncode == Exit.NOT_FOUND
        found = watch(channel, after_revision=0, target=QUIET)
        assert next(each.notice.kind for each in found if each.HasField("notice")) == "pipeline_loaded"


def test_a_log_that_is_followed_says_where_the_backlog_ends_and_what_it_passes_over(daemon: Daemon) -> None:
    """A marker comes behind what was there; later ones tell of records that were not wanted, and pass over them."""
    with serving(daemon) as channel:
        make_a_notice(channel)
        stream = read_logs(channel, follow=True, limit=5, level=20)
        backlog = [next(stream) for _ in range(6)]
        assert [each.WhichOneof("content") for each in backlog] == [*["record"] * 5, "progress"]
        quiet = read_logs(channel, follow=True, level=50)
        first = next(quiet)
        make_a_notice(channel)
        wait_until(lambda: "number 0" in read_texts(channel, first.progress.cursor), DEADLINE_S, "the record")
        second = next(quiet)
        while second.progress.cursor == first.progress.cursor or "number 0" in read_texts(
            channel, second.progress.cursor
        ):
            second = next(quiet)
        assert second.WhichOneof("content") == "progress"


def read_texts(channel: grpc.Channel, cursor: str) -> str:
    return "\n".join(each.record.message for each in read_logs(channel, cursor=cursor))


def noted(channel: grpc.Channel, **request: Any) -> list[log_pb2.LogRecord]:
    """The records of p/b that its handler of NOTE wrote."""
    found = read_logs(channel, target=pipeline_pb2.Target(pipeline="p", flow="b"), **request)
    return [each.record for each in found if each.record.message.startswith("noted")]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_cursor_outlives_its_daemon(daemon: Daemon, end: str) -> None:
    """What a client read last from one daemon it goes on behind with the next, whatever became of the first."""
    with serving(daemon) as channel:
        for number in range(5):
            make_a_notice(channel, number)
        wait_until(lambda: len(noted(channel)) == 5, DEADLINE_S, "5 records")
        third = noted(channel)[2]
        assert third.message == "noted number 2"
    daemon.stop() if end == "stop" else daemon.kill()
    daemon.start()
    with channel_to(daemon) as channel:
        wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p")
        for number in range(5, 8):
            make_a_notice(channel, number)
        wait_until(lambda: len(noted(channel)) == 8, DEADLINE_S, "the rest")
        behind = [each.message for each in noted(channel, cursor=third.cursor)]
        assert behind == [f"noted number {number}" for number in range(3, 8)]

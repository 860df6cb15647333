"""The daemon, the snapshot of everything, and the notices behind it."""

from __future__ import annotations

from starlette.responses import Response

from pipertd.cockpit import sse
from pipertd.cockpit.following import follow
from pipertd.cockpit.problem import bad_request
from pipertd.cockpit.reading import Parameter
from pipertd.cockpit.routing import Asked, Route, answer, rpc
from pipertd.cockpit.writing import document_of
from pipertd.rpc import status_pb2

ONLY_NEW = -1


async def watch(asked: Asked) -> Response:
    """Notices as they happen."""
    request = asked.message()
    assert isinstance(request, status_pb2.WatchNoticesRequest)
    if "after_revision" not in asked.query:
        request.after_revision = ONLY_NEW
    last = asked.request.headers.get("last-event-id", "")
    if last:
        request.epoch, request.after_revision = _place(last)

    def move(response: status_pb2.WatchNoticesResponse) -> None:
        place = response.notice if response.HasField("notice") else response.progress
        request.epoch, request.after_revision = place.epoch, place.revision

    return await follow(asked, request, move, _told)


def _told(response: status_pb2.WatchNoticesResponse) -> sse.Event:
    kind = "notice" if response.HasField("notice") else "progress"
    said = response.notice if kind == "notice" else response.progress
    return sse.Event(kind, f"{said.epoch}:{said.revision}", document_of(said))


def _place(last: str) -> tuple[str, int]:
    epoch, colon, revision = last.rpartition(":")
    if not (colon and epoch and revision.isascii() and revision.isdecimal() and len(revision) <= 18):
        raise bad_request("cannot go on behind this Last-Event-ID: it is written EPOCH:REVISION, as an event's id is")
    return epoch, int(revision)


ROUTES = (
    Route("GET", "/v1/status", rpc("StatusService/GetStatus"), answer, query=(Parameter("target"),)),
    Route("GET", "/v1/daemon", rpc("StatusService/GetDaemon"), answer),
    Route(
        "GET",
        "/v1/watch",
        rpc("StatusService/WatchNotices"),
        watch,
        query=(Parameter("target"), Parameter("after_revision"), Parameter("epoch")),
        media=(sse.MEDIA_TYPE,),
    ),
)

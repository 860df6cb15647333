"""Log records, once or followed."""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf import json_format

from pipertd.client import messages, records
from pipertd.client.connection import Client
from pipertd.names import Target
from pipertd.rpc import log_pb2, log_pb2_grpc


class Logs:
    """``client.logs``. Every call raises ClientError where the daemon refuses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stub = log_pb2_grpc.LogServiceStub(client.channel)

    def read(
        self,
        target: Target | str | None = None,
        *,
        level: int = 0,
        since_s: float | None = None,
        limit: int = 0,
        follow: bool = False,
        cursor: str = "",
    ) -> Iterator[records.Record]:
        """Records, oldest first: the newest ``limit``, those behind ``cursor``, and with ``follow`` all that come."""
        request = log_pb2.ReadLogsRequest(
            target=messages.target(target) if target else None, level=level, limit=limit, follow=follow, cursor=cursor
        )
        if since_s is not None:
            request.since.FromNanoseconds(int(since_s * 1e9))
        with self._client.translated():
            for response in self._stub.ReadLogs(request):
                record = response.record
                yield records.Record(
                    messages.seconds(record.time),
                    record.level,
                    record.pipeline,
                    record.flow,
                    record.routine,
                    record.generation,
                    record.logger,
                    record.message,
                    json_format.MessageToDict(record.fields),
                    record.exception,
                    record.source,
                    record.cursor,
                )

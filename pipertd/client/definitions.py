"""Definitions: reload."""

from __future__ import annotations

from pipertd.client import messages, records
from pipertd.client.connection import Client
from pipertd.rpc import definition_pb2, definition_pb2_grpc


class Definitions:
    """``client.definitions``. Every call raises ClientError where the daemon refuses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stub = definition_pb2_grpc.DefinitionServiceStub(client.channel)

    def reload(self, *, dry_run: bool = False) -> records.Reload:
        """Have all definitions read again and do what is needed, or with ``dry_run`` only say what that is."""
        with self._client.translated():
            response = self._stub.Reload(definition_pb2.ReloadRequest(dry_run=dry_run))
        return records.Reload(
            tuple(map(messages.plan, response.plans)),
            tuple(
                records.Problem(each.file, each.line, each.column, each.path, each.text) for each in response.problems
            ),
        )

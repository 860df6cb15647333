"""DefinitionService: the definitions read again."""

from __future__ import annotations

import logging

from pipertd.control.boundary import unary
from pipertd.control.messages import plan_message
from pipertd.definition.problem import Problem
from pipertd.rpc import definition_pb2, definition_pb2_grpc
from pipertd.supervisor.reload import Reloader

logger = logging.getLogger(__name__)


class DefinitionService(definition_pb2_grpc.DefinitionServiceServicer):
    """See protos/pipertd/v1/definition.proto."""

    def __init__(self, reloader: Reloader) -> None:
        self._reloader = reloader

    @unary
    async def Reload(  # noqa: N802 - gRPC's name
        self, request: definition_pb2.ReloadRequest
    ) -> definition_pb2.ReloadResponse:
        """Read again, and do what is needed."""
        logger.info("reload%s, asked on the control socket", " (plan only)" if request.dry_run else "")
        found = await self._reloader.reload(dry_run=request.dry_run)
        return definition_pb2.ReloadResponse(
            plans=map(plan_message, found.plans), problems=map(_problem, found.problems)
        )


def _problem(problem: Problem) -> definition_pb2.Problem:
    return definition_pb2.Problem(
        file=str(problem.file), line=problem.line, column=problem.column, path=problem.path, text=problem.text
    )

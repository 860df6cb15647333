"""Definitions: what is wrong with some, and a reload, planned or done."""

from __future__ import annotations

from pipertd.cockpit.routing import Route, answer, rpc

ROUTES = (
    Route(
        "POST",
        "/v1/definitions/check",
        rpc("PipelineService/CheckDefinitions"),
        answer,
        body=("files", "classes"),
    ),
    # Not by GET: it imports the classes of definitions that changed.
    Route("POST", "/v1/definitions/plan", rpc("PipelineService/PlanReload"), answer),
    Route("POST", "/v1/definitions/reload", rpc("PipelineService/Reload"), answer),
)

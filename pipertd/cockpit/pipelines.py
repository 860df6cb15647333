"""Pipelines: what is there, and starting and stopping it; links by hand."""

from __future__ import annotations

from pipertd.cockpit.reading import Parameter
from pipertd.cockpit.routing import Route, answer, rpc

PIPELINE = {"pipeline": "target.pipeline"}
FLOW = {**PIPELINE, "flow": "target.flow"}
ROUTINE = {**FLOW, "routine": "target.routine"}
OF_A_PIPELINE = "/v1/pipelines/{pipeline}"
OF_A_FLOW = f"{OF_A_PIPELINE}/flows/{{flow}}"
OF_A_ROUTINE = f"{OF_A_FLOW}/routines/{{routine}}"
_VERBS = ("start", "stop", "restart", "pause", "resume", "kill")
_BODIES = {"stop": ("now",)}


def _verb(path: str, verb: str) -> Route:
    fields = FLOW if path == OF_A_FLOW else PIPELINE
    asked = rpc(f"PipelineService/{verb.capitalize()}Pipeline")
    return Route("POST", f"{path}/{verb}", asked, answer, fields, body=_BODIES.get(verb, ()))


ROUTES = (
    Route("GET", "/v1/pipelines", rpc("PipelineService/ListPipelines"), answer),
    Route("GET", OF_A_PIPELINE, rpc("PipelineService/GetPipeline"), answer, {"pipeline": "name"}),
    *(_verb(path, verb) for path in (OF_A_PIPELINE, OF_A_FLOW) for verb in _VERBS),
    Route(
        "POST",
        f"{OF_A_PIPELINE}/links",
        rpc("PipelineService/Link"),
        answer,
        {"pipeline": "pipeline"},
        body=("source", "destination", "policy", "depth"),
    ),
    Route(
        "DELETE",
        f"{OF_A_PIPELINE}/links",
        rpc("PipelineService/Unlink"),
        answer,
        {"pipeline": "pipeline"},
        query=(Parameter("source", required=True), Parameter("destination", required=True)),
    ),
)

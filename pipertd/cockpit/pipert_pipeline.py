"""What PipeRT2's routes do to a pipeline: the one that is loaded, or the one that a path names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from pipertd.cockpit.events import patience_s
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.reading import filled
from pipertd.cockpit.routing import Asked, rpc
from pipertd.cockpit.writing import document_of, json_response
from pipertd.rpc import event_pb2, pipeline_pb2

LIFECYCLE = ("start", "stop", "kill")  # PipeRT2's own events, by its names
MOST_NAMES = 20  # in words that say what there is
START, STOP = rpc("PipelineService/StartPipeline"), rpc("PipelineService/StopPipeline")
PAUSE, HANDLERS = rpc("PipelineService/PausePipeline"), rpc("EventService/ListHandlers")
_LIST, _GET = rpc("PipelineService/ListPipelines"), rpc("PipelineService/GetPipeline")
_RESUME = rpc("PipelineService/ResumePipeline")
_NOTIFY = rpc("EventService/NotifyEvent")


async def pipeline_of(asked: Asked) -> Any:
    """The one that is meant, as it is now."""
    name = asked.request.path_params.get("pipeline")
    if name is not None:
        return (await asked.ask(_GET, pipeline_pb2.GetPipelineRequest(name=name))).pipeline
    found = (await asked.ask(_LIST, pipeline_pb2.ListPipelinesRequest())).pipelines
    if len(found) == 1:
        return found[0]
    if not found:
        raise Problem(404, "NO_PIPELINE", "cannot say which pipeline is meant: none is loaded")
    names = ", ".join(each.name for each in found[:MOST_NAMES])
    raise Problem(
        409,
        "WHICH_PIPELINE",
        f"cannot say which pipeline is meant: {len(found)} are loaded ({names}); put /pipelines/NAME before the path",
        metadata={"pipelines": names},
    )


async def start(asked: Asked) -> Response:
    """Have all of it up, and what is paused go on."""
    before = await pipeline_of(asked)
    return json_response({"pipeline": await _started(asked, before)})


async def pause(asked: Asked) -> Response:
    """Have it take nothing and give nothing until it is started."""
    target = pipeline_pb2.Target(pipeline=(await pipeline_of(asked)).name)
    done = await asked.ask(PAUSE, pipeline_pb2.PausePipelineRequest(target=target))
    return json_response({"pipeline": document_of(done.pipeline)})


async def kill(asked: Asked) -> Response:
    """Have it down at once; what waits is counted as dropped."""
    target = pipeline_pb2.Target(pipeline=(await pipeline_of(asked)).name)
    done = await asked.ask(STOP, pipeline_pb2.StopPipelineRequest(target=target, now=True))
    return json_response({"pipeline": document_of(done.pipeline)})


async def _started(asked: Asked, before: Any) -> dict[str, Any]:
    target = pipeline_pb2.Target(pipeline=before.name)
    await asked.ask(START, pipeline_pb2.StartPipelineRequest(target=target))
    done = await asked.ask(_RESUME, pipeline_pb2.ResumePipelineRequest(target=target))
    if before.state == pipeline_pb2.STATE_RUNNING:
        await notified(asked, target, "start", {})  # a routine may have been stopped by itself
    return document_of(done.pipeline)


async def notified(asked: Asked, target: Any, event: str, params: Mapping[str, Any]) -> list[Any]:
    """What each routine made of an event."""
    request = event_pb2.NotifyEventRequest(event=event, target=target)
    filled(request, {}, ({}, ()), ({"params": dict(params)}, ("params",)))
    told = await asked.ask(_NOTIFY, request, patience_s(request))
    answers: list[Any] = document_of(told)["answers"]
    return answers


async def structure(asked: Asked) -> Response:
    """Its routines with the events that they handle, in PipeRT2's form."""
    found = await pipeline_of(asked)
    target = pipeline_pb2.Target(pipeline=found.name)
    handled = (await asked.ask(HANDLERS, event_pb2.ListHandlersRequest(target=target))).handlers
    routines = [
        {
            "flow_name": each.flow,
            "routine_name": each.name,
            "events": [one.event for one in handled if (one.flow, one.routine) == (each.flow, each.name)],
        }
        for each in found.routines
    ]
    return json_response({"Routines": routines, "Events": list(LIFECYCLE)})

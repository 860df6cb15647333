"""The routes of PipeRT2's API wrapper, for the one pipeline that is loaded, or for the one that a path names.

Its README has them called by GET, its code by POST; both are taken, with a slash at the end and without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.responses import Response

from pipertd.cockpit.events import patience_s
from pipertd.cockpit.problem import Problem, bad_request
from pipertd.cockpit.reading import filled
from pipertd.cockpit.routing import Asked, Route, rpc
from pipertd.cockpit.writing import document_of, json_response
from pipertd.rpc import event_pb2, pipeline_pb2

_LIST, _GET = rpc("PipelineService/ListPipelines"), rpc("PipelineService/GetPipeline")
_START, _STOP = rpc("PipelineService/StartPipeline"), rpc("PipelineService/StopPipeline")
_PAUSE, _RESUME = rpc("PipelineService/PausePipeline"), rpc("PipelineService/ResumePipeline")
_UNLINK, _NOTIFY = rpc("PipelineService/Unlink"), rpc("EventService/NotifyEvent")
_HANDLERS = rpc("EventService/ListHandlers")
_LIFECYCLE = ("start", "stop", "kill")  # PipeRT2's own events, by its names
_MOST_NAMES = 20


async def _pipeline(asked: Asked) -> Any:
    """The one that is meant, as it is now."""
    name = asked.request.path_params.get("pipeline")
    if name is not None:
        return (await asked.ask(_GET, pipeline_pb2.GetPipelineRequest(name=name))).pipeline
    found = (await asked.ask(_LIST, pipeline_pb2.ListPipelinesRequest())).pipelines
    if len(found) == 1:
        return found[0]
    if not found:
        raise Problem(404, "NO_PIPELINE", "cannot say which pipeline is meant: none is loaded")
    names = ", ".join(each.name for each in found[:_MOST_NAMES])
    raise Problem(
        409,
        "WHICH_PIPELINE",
        f"cannot say which pipeline is meant: {len(found)} are loaded ({names}); put /pipelines/NAME before the path",
        metadata={"pipelines": names},
    )


async def start(asked: Asked) -> Response:
    """Have all of it up, and what is paused go on."""
    before = await _pipeline(asked)
    return json_response({"pipeline": await _started(asked, before)})


async def pause(asked: Asked) -> Response:
    """Have it take nothing and give nothing until it is started."""
    target = pipeline_pb2.Target(pipeline=(await _pipeline(asked)).name)
    done = await asked.ask(_PAUSE, pipeline_pb2.PausePipelineRequest(target=target))
    return json_response({"pipeline": document_of(done.pipeline)})


async def kill(asked: Asked) -> Response:
    """Have it down at once; what waits is counted as dropped."""
    target = pipeline_pb2.Target(pipeline=(await _pipeline(asked)).name)
    done = await asked.ask(_STOP, pipeline_pb2.StopPipelineRequest(target=target, now=True))
    return json_response({"pipeline": document_of(done.pipeline)})


async def _started(asked: Asked, before: Any) -> dict[str, Any]:
    target = pipeline_pb2.Target(pipeline=before.name)
    await asked.ask(_START, pipeline_pb2.StartPipelineRequest(target=target))
    done = await asked.ask(_RESUME, pipeline_pb2.ResumePipelineRequest(target=target))
    if before.state == pipeline_pb2.STATE_RUNNING:
        await _notified(asked, target, "start", {})  # a routine may have been stopped by itself
    return document_of(done.pipeline)


async def _notified(asked: Asked, target: Any, event: str, params: Mapping[str, Any]) -> list[Any]:
    request = event_pb2.NotifyEventRequest(event=event, target=target)
    filled(request, {}, ({}, ()), ({"params": dict(params)}, ("params",)))
    told = await asked.ask(_NOTIFY, request, patience_s(request))
    answers: list[Any] = document_of(told)["answers"]
    return answers


async def structure(asked: Asked) -> Response:
    """Its routines with the events that they handle, in PipeRT2's form."""
    found = await _pipeline(asked)
    target = pipeline_pb2.Target(pipeline=found.name)
    handled = (await asked.ask(_HANDLERS, event_pb2.ListHandlersRequest(target=target))).handlers
    routines = [
        {
            "flow_name": each.flow,
            "routine_name": each.name,
            "events": [one.event for one in handled if (one.flow, one.routine) == (each.flow, each.name)],
        }
        for each in found.routines
    ]
    return json_response({"Routines": routines, "Events": list(_LIFECYCLE)})


def _params(asked: Asked) -> Mapping[str, Any]:
    """What else stands in the body is passed over, as by PipeRT2."""
    params = asked.body.get("extra_args", {})
    if not isinstance(params, dict):
        raise bad_request("cannot use extra_args: it is an object of parameters by their names")
    return params


async def execute_for_all(asked: Asked) -> Response:
    """Hand an event to every routine."""
    params, event = _params(asked), str(asked.request.path_params["event"])
    if event in _LIFECYCLE:
        await {"start": start, "stop": pause, "kill": kill}[event](asked)
        return json_response({"answers": []})
    target = pipeline_pb2.Target(pipeline=(await _pipeline(asked)).name)
    return json_response({"answers": await _notified(asked, target, event, params)})


async def execute(asked: Asked) -> Response:
    """Hand an event to one routine, or to each of that name."""
    params, event = _params(asked), str(asked.request.path_params["event"])
    pipeline = await _pipeline(asked)
    answers: list[Any] = []
    for target in _routines(pipeline, asked.request.path_params):
        answers += await _of_one(asked, pipeline, target, event, params)
    return json_response({"answers": answers})


def _routines(pipeline: Any, named: Mapping[str, Any]) -> list[Any]:
    """The routines that are meant."""
    flow, name = named.get("flow"), named["routine"]
    found = [
        pipeline_pb2.Target(pipeline=pipeline.name, flow=each.flow, routine=each.name)
        for each in pipeline.routines
        if each.name == name and flow in (None, each.flow)
    ]
    if not found:
        there = ", ".join(f"{each.flow}/{each.name}" for each in pipeline.routines[:_MOST_NAMES])
        raise Problem(
            404,
            "UNKNOWN_TARGET",
            f"cannot find routine {str(name)[:80]}: {pipeline.name} has none of that name (there are: {there})",
            code="NOT_FOUND",
            metadata={"target": f"{pipeline.name}/{str(flow or '*')[:80]}/{str(name)[:80]}"},
        )
    return found


async def _of_one(asked: Asked, pipeline: Any, target: Any, event: str, params: Mapping[str, Any]) -> list[Any]:
    flow = pipeline_pb2.Target(pipeline=target.pipeline, flow=target.flow)
    match event:
        case "start":
            states = {each.name: each.state for each in pipeline.flows}
            await asked.ask(_START, pipeline_pb2.StartPipelineRequest(target=flow))
            up = states.get(target.flow) == pipeline_pb2.STATE_RUNNING
            return await _notified(asked, target, "start", {}) if up else []
        case "stop":
            return await _notified(asked, target, "pause", {})
        case "kill":
            await asked.ask(_STOP, pipeline_pb2.StopPipelineRequest(target=flow, now=True))
            return []
        case "unlink":
            await _unlink(asked, target, params)
            return []
        case _:
            return await _notified(asked, target, event, params)


async def _unlink(asked: Asked, target: Any, params: Mapping[str, Any]) -> None:
    destination = params.get("unlink_routine_name")
    if not isinstance(destination, str):
        raise bad_request("cannot unlink: extra_args names no unlink_routine_name, the routine that is to get no more")
    request = pipeline_pb2.UnlinkRequest(
        pipeline=target.pipeline, source=f"{target.flow}/{target.routine}", destination=destination
    )
    await asked.ask(_UNLINK, request)


_PIPELINE = {"type": "object", "properties": {"pipeline": {"$ref": "#/components/schemas/Pipeline"}}}
_ANSWERS = {
    "type": "object",
    "required": ["answers"],
    "properties": {"answers": {"type": "array", "items": {"$ref": "#/components/schemas/EventAnswer"}}},
}
_STRUCTURE = {
    "type": "object",
    "required": ["Routines", "Events"],
    "properties": {
        "Routines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "flow_name": {"type": "string"},
                    "routine_name": {"type": "string"},
                    "events": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
        "Events": {"type": "array", "items": {"type": "string"}},
    },
}
_EXTRA = {"type": "object", "properties": {"extra_args": {"type": "object", "description": "The event's parameters."}}}
_Handle = Callable[[Asked], Awaitable[Response]]


def _routes(
    path: str, asked: Any, handle: _Handle, schema: Any, summary: str, body: Any = None, methods: str = "GET POST"
) -> tuple[Route, ...]:
    return tuple(
        Route(method, f"{before}{path}{after}", asked, handle, schema=schema, body_schema=body, summary=summary)
        for before in ("", "/pipelines/{pipeline}")
        for after in ("", "/")
        for method in methods.split()
    )


ROUTES = (
    *_routes("/start", _START, start, _PIPELINE, "Have the pipeline up, and what is paused go on."),
    *_routes("/pause", _PAUSE, pause, _PIPELINE, "Have it take nothing and give nothing until it is started."),
    *_routes("/kill", _STOP, kill, _PIPELINE, "Have it down at once; what waits on its links is counted as dropped."),
    *_routes(
        "/pipe/structure",
        _HANDLERS,
        structure,
        _STRUCTURE,
        "Its routines with the events that they handle.",
        methods="GET",
    ),
    *_routes(
        "/routines/events/{event}/execute",
        _UNLINK,
        execute_for_all,
        _ANSWERS,
        "Hand an event to every routine.",
        _EXTRA,
    ),
    *_routes(
        "/routines/{routine}/events/{event}/execute",
        _UNLINK,
        execute,
        _ANSWERS,
        "Hand an event to one routine.",
        _EXTRA,
    ),
    *_routes(
        "/routines/{flow}/{routine}/events/{event}/execute",
        _UNLINK,
        execute,
        _ANSWERS,
        "Hand an event to one routine of a flow.",
        _EXTRA,
    ),
)

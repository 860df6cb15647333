"""Events by PipeRT2's routes: to one routine or to all, its own among them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from pipertd.cockpit.pipert_pipeline import (
    LIFECYCLE,
    MOST_NAMES,
    START,
    STOP,
    kill,
    notified,
    pause,
    pipeline_of,
    start,
)
from pipertd.cockpit.problem import Problem, bad_request
from pipertd.cockpit.routing import Asked, rpc
from pipertd.cockpit.writing import json_response
from pipertd.rpc import pipeline_pb2

UNLINK = rpc("PipelineService/Unlink")


def _params(asked: Asked) -> Mapping[str, Any]:
    """What else stands in the body is passed over, as by PipeRT2."""
    params = asked.body.get("extra_args", {})
    if not isinstance(params, dict):
        raise bad_request("cannot use extra_args: it is an object of parameters by their names")
    return params


async def execute_for_all(asked: Asked) -> Response:
    """Hand an event to every routine."""
    params, event = _params(asked), str(asked.request.path_params["event"])
    if event in LIFECYCLE:
        await {"start": start, "stop": pause, "kill": kill}[event](asked)
        return json_response({"answers": []})
    target = pipeline_pb2.Target(pipeline=(await pipeline_of(asked)).name)
    return json_response({"answers": await notified(asked, target, event, params)})


async def execute(asked: Asked) -> Response:
    """Hand an event to one routine, or to each of that name."""
    params, event = _params(asked), str(asked.request.path_params["event"])
    pipeline = await pipeline_of(asked)
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
        there = ", ".join(f"{each.flow}/{each.name}" for each in pipeline.routines[:MOST_NAMES])
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
            await asked.ask(START, pipeline_pb2.StartPipelineRequest(target=flow))
            up = states.get(target.flow) == pipeline_pb2.STATE_RUNNING
            return await notified(asked, target, "start", {}) if up else []
        case "stop":
            return await notified(asked, target, "pause", {})
        case "kill":
            await asked.ask(STOP, pipeline_pb2.StopPipelineRequest(target=flow, now=True))
            return []
        case "unlink":
            await _unlink(asked, target, params)
            return []
        case _:
            return await notified(asked, target, event, params)


async def _unlink(asked: Asked, target: Any, params: Mapping[str, Any]) -> None:
    destination = params.get("unlink_routine_name")
    if not isinstance(destination, str):
        raise bad_request("cannot unlink: extra_args names no unlink_routine_name, the routine that is to get no more")
    request = pipeline_pb2.UnlinkRequest(
        pipeline=target.pipeline, source=f"{target.flow}/{target.routine}", destination=destination
    )
    await asked.ask(UNLINK, request)

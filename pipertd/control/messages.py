"""Views as protobuf messages, and requests' values as Python's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from google.protobuf import duration_pb2, json_format, struct_pb2, timestamp_pb2

from pipertd.control.errors import BadRequest
from pipertd.definition.plan import Action, FlowPlan, Plan
from pipertd.definition.problem import Problem
from pipertd.names import Target
from pipertd.rpc import definition_pb2, pipeline_pb2, status_pb2
from pipertd.supervisor.view import FlowView, LinkView, Notice, PipelineView, RoutineView, Usage


def pipeline_message(view: PipelineView) -> pipeline_pb2.Pipeline:
    """A pipeline's whole snapshot."""
    return pipeline_pb2.Pipeline(
        name=view.name,
        description=view.description,
        state=_state(view.state),
        run_time=duration(view.seconds),
        flows=[_flow(each) for each in view.flows],
        routines=[_routine(each) for each in view.routines],
        links=[_link(each) for each in view.links],
        end_to_end=_quantiles(view.end_to_end_p50_s, view.end_to_end_p99_s),
    )


def _state(state: str) -> pipeline_pb2.State.ValueType:
    return pipeline_pb2.State.Value(f"STATE_{state}")


def _failure(name: str | None) -> pipeline_pb2.Failure.ValueType:
    return pipeline_pb2.Failure.Value(f"FAILURE_{name.upper() if name else 'UNSPECIFIED'}")


def _flow(view: FlowView) -> pipeline_pb2.Flow:
    return pipeline_pb2.Flow(
        name=view.name,
        state=_state(view.state),
        pid=view.pid or 0,
        generation=view.generation,
        restarts=view.restarts,
        state_time=duration(view.seconds),
        reason=view.reason,
        failure=_failure(view.failure),
        pressure=pipeline_pb2.Pressure(**view.pressure._asdict()) if view.pressure else None,
        paused=view.paused,
        usage=_usage(view.usage) if view.usage else None,
    )


def _usage(usage: Usage) -> pipeline_pb2.Usage:
    return pipeline_pb2.Usage(cpu_time=duration(usage.cpu_s), memory_bytes=usage.memory_bytes)


def _routine(view: RoutineView) -> pipeline_pb2.Routine:
    return pipeline_pb2.Routine(
        flow=view.flow,
        name=view.name,
        kind=view.kind,
        state=view.state,
        handled=view.handled,
        failed=view.failed,
        rate=view.rate,
        busy=view.busy,
        duration=_quantiles(view.p50_s, view.p99_s),
        pace=view.pace or 0.0,
    )


def _link(view: LinkView) -> pipeline_pb2.Link:
    return pipeline_pb2.Link(
        source=view.source,
        destination=view.destination,
        policy=view.policy,
        depth=view.depth,
        produced=view.produced,
        delivered=view.delivered,
        failed=view.failed,
        dropped=dict(view.dropped),
        quarantined=view.quarantined,
        waiting=view.waiting,
        in_hand=view.in_hand,
        leased=view.leased,
        blocked_by=view.blocked_by or "",
        rate=view.rate,
        oldest_age=None if view.oldest_age_s is None else duration(view.oldest_age_s),
        bytes=view.bytes,
        leased_by=view.leased_by,
    )


def _quantiles(p50_s: float | None, p99_s: float | None) -> pipeline_pb2.Quantiles | None:
    if p50_s is None or p99_s is None:
        return None
    return pipeline_pb2.Quantiles(p50=duration(p50_s), p99=duration(p99_s))


def _action(action: Action) -> definition_pb2.PlanAction.ValueType:
    return definition_pb2.PlanAction.Value(f"PLAN_ACTION_{action.name}")


def plan_message(plan: Plan) -> definition_pb2.Plan:
    """What becomes of one pipeline."""
    return definition_pb2.Plan(
        pipeline=plan.pipeline,
        action=_action(plan.action),
        keys=plan.keys,
        new_run=plan.new_run,
        flows=map(_flow_plan, plan.flows),
    )


def problem_message(problem: Problem) -> definition_pb2.Problem:
    """One mistake in a definition."""
    return definition_pb2.Problem(
        file=str(problem.file), line=problem.line, column=problem.column, path=problem.path, text=problem.text
    )


def _flow_plan(plan: FlowPlan) -> definition_pb2.FlowPlan:
    return definition_pb2.FlowPlan(flow=plan.flow, action=_action(plan.action), keys=plan.keys)


def notice_message(notice: Notice) -> status_pb2.Notice:
    """One fact."""
    return status_pb2.Notice(
        epoch=notice.epoch,
        revision=notice.revision,
        time=timestamp(notice.time_s),
        kind=notice.kind,
        pipeline=notice.pipeline,
        flow=notice.flow,
        routine=notice.routine,
        message=notice.message,
        details=dict(notice.details),
        failure=_failure(notice.details.get("failure")),
    )


def duration(seconds: float) -> duration_pb2.Duration:
    """Seconds as protobuf has them."""
    message = duration_pb2.Duration()
    message.FromNanoseconds(round(seconds * 1e9))
    return message


def timestamp(seconds: float) -> timestamp_pb2.Timestamp:
    """Seconds since the epoch as protobuf has them; to a microsecond, which is all that a float of them is good for."""
    message = timestamp_pb2.Timestamp()
    message.FromMicroseconds(round(seconds * 1e6))
    return message


def target(message: pipeline_pb2.Target) -> Target:
    """What a request is aimed at.

    Raises:
        BadRequest: it names no pipeline, or a routine without its flow, or something that is no name.
    """
    written = "/".join(part for part in (message.pipeline, message.flow, message.routine) if part)
    if not message.pipeline or (message.routine and not message.flow):
        raise BadRequest(f"cannot aim at {written!r}: a target is PIPELINE[/FLOW[/ROUTINE]]")
    try:
        return Target.parse(written)
    except ValueError as reason:
        raise BadRequest(str(reason)) from None


LARGEST_EXACT = 2**53  # of the whole numbers that a double tells apart
_LARGEST = 10**308  # of whole numbers that a double holds
_MOST_DEPTH = 24  # levels, of which one is up to three messages; clients read a hundred of those in each other, at most


def plain(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A Struct's values; a whole number up to 2**53 is an int, because JSON tells them not apart and handlers do."""
    try:
        return {name: _whole(value) for name, value in json_format.MessageToDict(struct).items()}
    except (json_format.Error, ValueError) as reason:  # NaN, infinity, or a value without a kind
        raise BadRequest(f"cannot read parameters: {reason}") from None


def _whole(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # What is larger may have been any of several numbers, and is beyond what flows can be sent as an integer.
        return int(value) if value == int(value) and abs(value) <= LARGEST_EXACT else float(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value


def value_message(value: object) -> struct_pb2.Value:
    """What a handler returned, as far as JSON and every client can say it; the rest as text."""
    return json_format.ParseDict(_jsonable(value), struct_pb2.Value())


def struct_message(fields: Mapping[str, object]) -> struct_pb2.Struct:
    """A mapping, as far as JSON and every client can say it."""
    return json_format.ParseDict(_jsonable(fields), struct_pb2.Struct())


def _jsonable(value: object, depth: int = 0) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= _LARGEST else f"a number of {value.bit_length()} bits"
        case float():
            return value if abs(value) < float("inf") else str(value)  # JSON has neither NaN nor infinity
        case Mapping() | list() | tuple() if depth == _MOST_DEPTH:
            return f"a {type(value).__name__} that lies too deep to be shown"
        case Mapping():
            return {str(name): _jsonable(each, depth + 1) for name, each in value.items()}
        case list() | tuple():
            return [_jsonable(each, depth + 1) for each in value]
        case bytes():
            return value.hex()
        case dt.datetime():
            return value.isoformat()
        case _:
            return str(value)

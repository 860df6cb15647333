"""Protobuf messages as records, and targets as messages."""

from __future__ import annotations

from typing import Any

from pipertd.client import records
from pipertd.names import Target
from pipertd.rpc import definition_pb2, pipeline_pb2


def pipeline(message: pipeline_pb2.Pipeline) -> records.Pipeline:
    """A pipeline's snapshot."""
    p50_s, p99_s = _quantiles(message, "end_to_end")
    return records.Pipeline(
        name=message.name,
        description=message.description,
        state=_state(message.state),
        seconds=seconds(message.run_time),
        flows=tuple(_flow(each) for each in message.flows),
        routines=tuple(_routine(each) for each in message.routines),
        links=tuple(_link(each) for each in message.links),
        end_to_end_p50_s=p50_s,
        end_to_end_p99_s=p99_s,
    )


def _flow(message: pipeline_pb2.Flow) -> records.Flow:
    return records.Flow(
        name=message.name,
        state=_state(message.state),
        pid=message.pid or None,
        generation=message.generation,
        restarts=message.restarts,
        seconds=seconds(message.state_time),
        reason=message.reason,
        failure=failure(message.failure),
        pressure=_pressure(message.pressure) if message.HasField("pressure") else None,
        paused=message.paused,
    )


def _pressure(message: pipeline_pb2.Pressure) -> records.Pressure:
    return records.Pressure(message.cpu, message.memory, message.io)


def _routine(message: pipeline_pb2.Routine) -> records.Routine:
    p50_s, p99_s = _quantiles(message, "duration")
    return records.Routine(
        message.flow,
        message.name,
        message.kind,
        message.state,
        message.handled,
        message.failed,
        message.rate,
        message.busy,
        p50_s,
        p99_s,
    )


def _link(message: pipeline_pb2.Link) -> records.Link:
    return records.Link(
        source=message.source,
        destination=message.destination,
        policy=message.policy,
        depth=message.depth,
        produced=message.produced,
        delivered=message.delivered,
        failed=message.failed,
        dropped=dict(message.dropped),
        quarantined=message.quarantined,
        waiting=message.waiting,
        in_hand=message.in_hand,
        leased=message.leased,
        blocked_by=message.blocked_by,
        rate=message.rate,
        oldest_age_s=seconds(message.oldest_age) if message.HasField("oldest_age") else None,
        bytes=message.bytes,
        leased_by=tuple(message.leased_by),
    )


def _state(state: pipeline_pb2.State.ValueType) -> str:
    return pipeline_pb2.State.Name(state).removeprefix("STATE_")


def failure(name: pipeline_pb2.Failure.ValueType) -> str | None:
    """How a flow failed; None where it did not."""
    return pipeline_pb2.Failure.Name(name).removeprefix("FAILURE_").lower() if name else None


def _quantiles(message: Any, field: str) -> tuple[float | None, float | None]:
    if not message.HasField(field):
        return None, None
    quantiles = getattr(message, field)
    return seconds(quantiles.p50), seconds(quantiles.p99)


def seconds(message: Any) -> float:
    """A Duration or Timestamp in seconds."""
    return float(message.ToNanoseconds()) / 1e9


def target(aim: Target | str) -> pipeline_pb2.Target:
    """What a command is aimed at; ValueError where the text is no target."""
    aim = Target.parse(aim) if isinstance(aim, str) else aim
    return pipeline_pb2.Target(pipeline=aim.pipeline, flow=aim.flow or "", routine=aim.routine or "")


def _action(action: definition_pb2.PlanAction.ValueType) -> str:
    return definition_pb2.PlanAction.Name(action).removeprefix("PLAN_ACTION_").lower()


def plan(message: definition_pb2.Plan) -> records.Plan:
    """What becomes of one pipeline."""
    return records.Plan(
        message.pipeline,
        _action(message.action),
        tuple(message.keys),
        tuple(message.new_run),
        tuple(records.FlowPlan(each.flow, _action(each.action), tuple(each.keys)) for each in message.flows),
    )

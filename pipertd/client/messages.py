"""Protobuf messages as records, and targets as messages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipertd.client import records
from pipertd.rpc import authority_pb2, definition_pb2, pipeline_pb2, status_pb2

if TYPE_CHECKING:
    from pipertd.names import Target


def status(response: status_pb2.GetStatusResponse) -> records.Status:
    """Everything at one moment."""
    return records.Status(response.epoch, response.revision, pipelines(response))


def daemon(response: status_pb2.GetDaemonResponse) -> records.Daemon:
    """The daemon itself."""
    message = response.daemon
    return records.Daemon(
        version=message.version,
        pid=message.pid,
        started_s=seconds(message.start_time),
        python=message.python,
        runtime_dir=message.runtime_dir,
        state_dir=message.state_dir,
        definitions=tuple(message.definitions),
        role=authority_pb2.Role.Name(message.role).removeprefix("ROLE_").lower(),
        cgroups_missing=message.cgroups_missing,
        cgroup_controllers=tuple(message.cgroup_controllers),
        descriptor_limit=message.descriptor_limit,
        shared_memory_bytes=message.shared_memory_bytes,
        shared_memory_free_bytes=message.shared_memory_free_bytes,
        open_streams=message.open_streams,
        most_streams=message.most_streams,
    )


def notice(message: status_pb2.Notice) -> records.Notice:
    """One fact."""
    return records.Notice(
        epoch=message.epoch,
        revision=message.revision,
        time_s=seconds(message.time),
        kind=message.kind,
        pipeline=message.pipeline,
        flow=message.flow,
        routine=message.routine,
        message=message.message,
        details=dict(message.details),
        failure=failure(message.failure),
    )


def pipelines(response: Any) -> tuple[records.Pipeline, ...]:
    """Those of a response."""
    return tuple(pipeline(each) for each in response.pipelines)


def pipeline_of(response: Any) -> records.Pipeline:
    """That of a response."""
    return pipeline(response.pipeline)


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
        usage=_usage(message.usage) if message.HasField("usage") else None,
    )


def _usage(message: pipeline_pb2.Usage) -> records.Usage:
    return records.Usage(seconds(message.cpu_time), message.memory_bytes)


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
        message.pace or None,
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
    if isinstance(aim, str):
        from pipertd.names import Target  # here: who asks for everything needs none

        aim = Target.parse(aim)
    return pipeline_pb2.Target(pipeline=aim.pipeline, flow=aim.flow or "", routine=aim.routine or "")


def _action(action: definition_pb2.PlanAction.ValueType) -> str:
    return definition_pb2.PlanAction.Name(action).removeprefix("PLAN_ACTION_").lower()


def nanoseconds(seconds: float) -> int:
    """As protobuf counts; ValueError where there is no such number."""
    if not math.isfinite(seconds * 1e9):
        raise ValueError(f"cannot use {seconds} as a number of seconds: it has no end, or is none")
    return int(seconds * 1e9)


def plan(message: definition_pb2.Plan) -> records.Plan:
    """What becomes of one pipeline."""
    return records.Plan(
        message.pipeline,
        _action(message.action),
        tuple(message.keys),
        tuple(message.new_run),
        tuple(records.FlowPlan(each.flow, _action(each.action), tuple(each.keys)) for each in message.flows),
    )


def plan_of(response: Any) -> records.Plan:
    """That of a response."""
    return plan(response.plan)


def reload(message: definition_pb2.ReloadResponse | definition_pb2.PlanReloadResponse) -> records.Reload:
    """What a reload did, or would do."""
    return records.Reload(tuple(map(plan, message.plans)), _problems(message.problems))


def check(message: definition_pb2.CheckDefinitionsResponse) -> records.Check:
    """What is wrong with definitions."""
    return records.Check(_problems(message.problems), tuple(message.pipelines))


def _problems(found: Iterable[definition_pb2.Problem]) -> tuple[records.Problem, ...]:
    return tuple(records.Problem(each.file, each.line, each.column, each.path, each.text) for each in found)

"""The JSON documents of ``-o json``. Their keys are a public contract: they are added to, never renamed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipertd.client import records


def status_document(status: records.Status) -> dict[str, Any]:
    """``pipertctl status -o json``."""
    return {
        "epoch": status.epoch,
        "revision": status.revision,
        "pipelines": [pipeline_document(each) for each in status.pipelines],
    }


def pipeline_document(pipeline: records.Pipeline) -> dict[str, Any]:
    """One pipeline."""
    return {
        "pipeline": pipeline.name,
        "description": pipeline.description,
        "state": pipeline.state,
        "seconds": round(pipeline.seconds, 3),
        "end_to_end": {"p50_s": pipeline.end_to_end_p50_s, "p99_s": pipeline.end_to_end_p99_s},
        "flows": [
            {
                "name": flow.name,
                "state": flow.state,
                "pid": flow.pid,
                "generation": flow.generation,
                "restarts": flow.restarts,
                "seconds": round(flow.seconds, 3),
                "reason": flow.reason,
                "failure": flow.failure,
                "pressure": asdict(flow.pressure) if flow.pressure else None,
                "paused": flow.paused,
            }
            for flow in pipeline.flows
        ],
        "routines": [
            {
                "flow": routine.flow,
                "name": routine.name,
                "kind": routine.kind,
                "state": routine.state,
                "handled": routine.handled,
                "failed": routine.failed,
                "rate": round(routine.rate, 3),
                "busy": round(routine.busy, 4),
                "p50_s": routine.p50_s,
                "p99_s": routine.p99_s,
            }
            for routine in pipeline.routines
        ],
        "links": [link_document(link) for link in pipeline.links],
    }


def link_document(link: records.Link) -> dict[str, Any]:
    """One link."""
    return {
        "from": link.source,
        "to": link.destination,
        "policy": link.policy,
        "depth": link.depth,
        "produced": link.produced,
        "delivered": link.delivered,
        "failed": link.failed,
        "dropped": dict(link.dropped),
        "quarantined": link.quarantined,
        "in_flight": link.in_flight,
        "waiting": link.waiting,
        "in_hand": link.in_hand,
        "leased": link.leased,
        "leased_by": list(link.leased_by),
        "blocked_by": link.blocked_by or None,
        "rate": round(link.rate, 3),
        "oldest_age_s": link.oldest_age_s,
        "bytes": link.bytes,
    }


def notice_document(notice: records.Notice) -> dict[str, Any]:
    """One notice."""
    return {
        "epoch": notice.epoch,
        "revision": notice.revision,
        "time_s": notice.time_s,
        "kind": notice.kind,
        "pipeline": notice.pipeline,
        "flow": notice.flow,
        "routine": notice.routine,
        "message": notice.message,
        "details": dict(notice.details),
        "failure": notice.failure,
    }


def reload_document(reload: records.Reload) -> dict[str, Any]:
    """``pipertctl reload -o json``."""
    return {
        "plans": [plan_document(each) for each in reload.plans],
        "problems": [
            {"file": each.file, "line": each.line, "column": each.column, "path": each.path, "text": each.text}
            for each in reload.problems
        ],
    }


def plan_document(plan: records.Plan) -> dict[str, Any]:
    """What becomes of one pipeline."""
    return {
        "pipeline": plan.pipeline,
        "action": plan.action,
        "keys": list(plan.keys),
        "new_run": list(plan.new_run),
        "flows": [{"flow": each.flow, "action": each.action, "keys": list(each.keys)} for each in plan.flows],
    }


def answer_document(answer: records.Answer) -> dict[str, Any]:
    """One routine's answer to an event."""
    return {
        "flow": answer.flow,
        "routine": answer.routine,
        "value": answer.value,
        "error": answer.error,
        "deadline_exceeded": answer.deadline_exceeded,
    }


def put_aside_document(message: records.PutAside) -> dict[str, Any]:
    """One message in quarantine, without its stacks."""
    return {
        "id": message.id,
        "pipeline": message.pipeline,
        "flow": message.flow,
        "routine": message.routine,
        "link": message.link,
        "sequence": message.sequence,
        "origin": message.origin,
        "attempts": message.attempts,
        "deaths": message.deaths,
        "captured_s": message.captured_s,
        "time_s": message.time_s,
        "reason": message.reason,
        "class": message.class_path,
        "params": dict(message.params),
        "path": list(message.path),
        "python": message.python,
        "body_offset": message.body_offset,
        "length": message.length,
    }


def record_document(record: records.Record) -> dict[str, Any]:
    """One log record."""
    return {
        "time_s": record.time_s,
        "level": record.level,
        "pipeline": record.pipeline,
        "flow": record.flow,
        "routine": record.routine,
        "generation": record.generation,
        "logger": record.logger,
        "message": record.message,
        "fields": dict(record.fields),
        "exception": record.exception,
        "source": record.source,
        "cursor": record.cursor,
    }

"""What a new definition does to a pipeline that runs: which flows are restarted, and why. Pure.

``EFFECTS`` is the one place that says what a change of a key does; docs/supervision.md shows it as a table, and the
tests read that table.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from pipertd.definition.difference import Change, difference
from pipertd.definition.model import Pipeline


class Effect(StrEnum):
    """What a change of a key does."""

    NOTHING = "nothing is restarted"
    AT_ONCE = "it counts at once, and nothing is restarted"
    ITS_FLOW = "its flow is restarted"
    ALL_FLOWS = "all flows are restarted"
    BOTH_ENDS = "the flows at both ends are restarted"
    BOTH_ENDS_AND_BEHIND = "the flows at both ends are restarted, and those behind a new link"
    READER = "the flow that reads the link is restarted"
    NEW_RUN = "the pipeline begins a new run"  # it does not fit the segments of the present one


EFFECTS = {
    "description": Effect.NOTHING,
    "autostart": Effect.NOTHING,
    "python": Effect.ALL_FLOWS,
    "path": Effect.ALL_FLOWS,
    "environment": Effect.ALL_FLOWS,
    "credentials": Effect.ALL_FLOWS,
    "pacing": Effect.ALL_FLOWS,
    "orphan_timeout": Effect.ALL_FLOWS,
    "shm_limit": Effect.NEW_RUN,
    "flows": Effect.NEW_RUN,
    "restart.policy": Effect.AT_ONCE,
    "restart.backoff": Effect.AT_ONCE,
    "restart.limit": Effect.AT_ONCE,
    "watchdog.start": Effect.AT_ONCE,
    "watchdog.progress": Effect.AT_ONCE,
    "watchdog.stop": Effect.AT_ONCE,
    "watchdog.contact": Effect.AT_ONCE,
    "standby": Effect.AT_ONCE,
    "start": Effect.AT_ONCE,
    "resources.cpus": Effect.ITS_FLOW,
    "resources.nice": Effect.ITS_FLOW,
    "resources.memory_max": Effect.ITS_FLOW,
    "resources.memory_high": Effect.ITS_FLOW,
    "resources.cpu_weight": Effect.ITS_FLOW,
    "resources.tasks_max": Effect.ITS_FLOW,
    "routines": Effect.NEW_RUN,
    "class": Effect.ITS_FLOW,
    "params": Effect.ITS_FLOW,
    "fps": Effect.ITS_FLOW,
    "on_error": Effect.ITS_FLOW,
    "links": Effect.BOTH_ENDS_AND_BEHIND,
    "policy": Effect.BOTH_ENDS,
    "depth": Effect.BOTH_ENDS,
    "max_age": Effect.READER,
    "max_deliveries": Effect.READER,
}


_BEHIND = "where its messages come from"  # said of a flow that is only behind a new link


class Action(StrEnum):
    """What becomes of a flow or of a pipeline."""

    UNCHANGED = "unchanged"
    ADJUSTED = "adjusted"  # it goes on, and what changed counts at once; or it is down, and has the new definition
    RESTARTED = "restarted"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class FlowPlan:
    """What becomes of one flow, and which keys of it differ."""

    flow: str
    action: Action
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What becomes of one pipeline.

    Attributes:
        action: ADDED, REMOVED or UNCHANGED, RESTARTED where one of its flows is, and else ADJUSTED.
        keys: those that differ and are said of no flow.
        new_run: the changes that do not fit the segments of its present run. Where there is one, all its flows are
            stopped, drained, and started in a new run.
    """

    pipeline: str
    action: Action
    flows: tuple[FlowPlan, ...]
    keys: tuple[str, ...] = ()
    new_run: tuple[str, ...] = ()

    @property
    def begins_run(self) -> bool:
        """Whether the pipeline begins a new run."""
        return bool(self.new_run)

    def names(self, *actions: Action) -> list[str]:
        """The flows to which one of these happens."""
        return [each.flow for each in self.flows if each.action in actions]


def plan_added(new: Pipeline) -> Plan:
    """The plan for a pipeline that was not there."""
    return Plan(new.name, Action.ADDED, tuple(FlowPlan(flow.name, Action.ADDED) for flow in new.flows))


def plan_removed(old: Pipeline) -> Plan:
    """The plan for a pipeline whose definition is gone."""
    return Plan(old.name, Action.REMOVED, tuple(FlowPlan(flow.name, Action.REMOVED) for flow in old.flows))


@dataclass(frozen=True)
class Fit:
    """How a new definition fits the segments of a run that is on; where none is, it fits.

    Attributes:
        misfits: what they cannot take, in words.
        told: the flows that are told something else of their routines and links; they have to be restarted.
    """

    misfits: tuple[str, ...] = ()
    told: frozenset[str] = frozenset()


def plan_change(old: Pipeline, new: Pipeline, fit: Fit = Fit()) -> Plan:
    """The plan from one definition of a pipeline to the next."""
    changes = difference(old, new)
    new_run = tuple(change.text for change in changes if EFFECTS[change.key] is Effect.NEW_RUN) or fit.misfits
    names = dict.fromkeys(flow.name for flow in (*new.flows, *old.flows))
    was, will_be = ({flow.name for flow in each.flows} for each in (old, new))
    flows = []
    for name in names:
        keys = tuple(change.text for change in changes if name in change.flows)
        if name in fit.told and not any(_touches(change, name) for change in changes):
            keys = (*keys, _BEHIND)
        if name not in was:
            action = Action.ADDED
        elif name not in will_be:
            action = Action.REMOVED
        else:
            action = Action.RESTARTED if new_run or name in fit.told else _action(name, changes)
        flows.append(FlowPlan(name, action, keys))
    actions = {each.action for each in flows}
    if actions - {Action.UNCHANGED, Action.ADJUSTED}:
        overall = Action.RESTARTED
    else:
        overall = Action.ADJUSTED if changes else Action.UNCHANGED
    return Plan(new.name, overall, tuple(flows), tuple(each.text for each in changes if not each.flows), new_run)


def with_down(plan: Plan, down: Collection[str]) -> Plan:
    """What a plan comes to where these flows are down and stay so: they only have the new definition."""
    flows = tuple(
        replace(each, action=Action.ADJUSTED) if each.action is Action.RESTARTED and each.flow in down else each
        for each in plan.flows
    )
    touched = {each.action for each in flows} - {Action.UNCHANGED, Action.ADJUSTED}
    if plan.action is not Action.RESTARTED or touched:
        return replace(plan, flows=flows)
    return replace(plan, flows=flows, action=Action.ADJUSTED, new_run=())


def described(plan: Plan) -> str:
    """A plan in a few words: ``restarted (b: params of r)``."""
    said = [*plan.keys, *(f"{each.flow}: {', '.join(each.keys)}" for each in plan.flows if each.keys)]
    action = f"{plan.action} in a new run" if plan.begins_run else str(plan.action)
    return f"{action} ({'; '.join(said)})" if said else action


def _action(flow: str, changes: tuple[Change, ...]) -> Action:
    effects = {EFFECTS[change.key] for change in changes if _touches(change, flow)}
    if effects - {Effect.NOTHING, Effect.AT_ONCE}:
        return Action.RESTARTED
    return Action.ADJUSTED if Effect.AT_ONCE in effects else Action.UNCHANGED


def _touches(change: Change, flow: str) -> bool:
    match EFFECTS[change.key]:
        case Effect.ALL_FLOWS:
            return True
        case Effect.READER:
            return flow == change.flows[-1]
        case _:
            return flow in change.flows

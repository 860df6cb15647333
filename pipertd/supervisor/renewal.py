"""A new definition for a pipeline that runs: what changed goes down, the new one is taken over, and it comes up again.

The operator has the last word: what is stopped meanwhile stays down, and a daemon that is stopping starts nothing.
"""

from __future__ import annotations

from pipertd.definition.model import Pipeline
from pipertd.definition.plan import Action, plan_change
from pipertd.supervisor.pipeline import SupervisedPipeline
from pipertd.supervisor.view import State

_GAVE_UP = (State.FAILED, State.BACKING_OFF)  # of such a flow a new definition may be the cure


async def renew(pipeline: SupervisedPipeline, definition: Pipeline) -> None:
    """Have it be what ``definition`` says. Only for who has the pipeline's turn.

    The plan is made anew: by now there may be a run that was not there when somebody asked, or none any more.

    Raises:
        SegmentError: there is not enough shared memory; the definition counts, and its flows stay down.
    """
    await pipeline.until_steady()
    plan = plan_change(pipeline.definition, definition, pipeline.runs.fit(definition))
    changed = [pipeline.flows[name] for name in plan.names(Action.RESTARTED, Action.ADJUSTED)]
    gave_up = {flow.definition.name for flow in changed if flow.state in _GAVE_UP and flow.wanted}
    if pipeline.is_over:
        pipeline.take_over(definition)
        if gave_up:  # alone it would be of no use
            wanted = {name for name, flow in pipeline.flows.items() if flow.wanted}
            await pipeline.bring_down((), to_start=wanted)
            pipeline.start_again()
    elif plan.begins_run:
        await pipeline.come_down()
        pipeline.take_over(definition)
        pipeline.start_again(also=plan.names(Action.ADDED))
    else:
        down = {*plan.names(Action.RESTARTED), *gave_up}
        up = {name for name in down if pipeline.flows[name].wanted and not pipeline.flows[name].state.at_rest}
        with pipeline.held():
            await pipeline.bring_down(down, to_start=up | gave_up)
            pipeline.take_over(definition)
            pipeline.start_again()

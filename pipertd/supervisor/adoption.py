"""Adoption: a daemon goes on with the pipelines of one that was killed, without disturbing them.

What is on record is taken up before any definition is read. So an adopted pipeline goes on as it was, and what its file
says by now is only said of it; what could not be adopted, and was up, is to begin anew when it is loaded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from pipertd.definition.model import Pipeline
from pipertd.definition.plan import Action, described, plan_change
from pipertd.errors import ManifestError
from pipertd.supervisor.contradiction import find_contradiction
from pipertd.supervisor.history import History
from pipertd.supervisor.manifest import Manifest, read_manifest
from pipertd.supervisor.pipeline import SupervisedPipeline
from pipertd.supervisor.view import NoticeKind, State

logger = logging.getLogger(__name__)


class Adoption:
    """What one daemon takes over from the one before it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._unmet: set[str] = set()  # adopted, and nobody has looked into their files yet
        self._lost: dict[str, list[str]] = {}  # flows that were up in a run that is lost, or FAILED

    def adopt(self, name: str, path: Path, make: Callable[[Pipeline], SupervisedPipeline]) -> SupervisedPipeline | None:
        """The pipeline that is on record in ``path``, as it goes on; None where its run is lost."""
        manifest: Manifest | None = None
        try:
            manifest = read_manifest(path)
            _check_sense(manifest, path)
            adopted = make(manifest.definition)
            adopted.adopt(manifest)
        except ManifestError as reason:
            self._lose(name, manifest, reason)
            _take_away(path)
            return None
        self._unmet.add(name)
        states = {flow.name: str(flow.state) for flow in adopted.view().flows}
        text = f"pipeline {name} is adopted: " + ", ".join(f"{flow} is {state}" for flow, state in states.items())
        self._history.record(NoticeKind.PIPELINE_ADOPTED, text, pipeline=name, details=states)
        return adopted

    def meet(self, known: Pipeline, definition: Pipeline) -> None:
        """Say of an adopted pipeline, once, what its file says by now."""
        if known.name not in self._unmet:
            return
        self._unmet.discard(known.name)
        plan = plan_change(known, definition)
        text = f"pipeline {known.name} is loaded, and goes on as it was"
        details = {"file": str(definition.file)}
        if plan.action is not Action.UNCHANGED:
            details["differs"] = described(plan)
            text += f": its file says something else by now, which a reload makes it do: {details['differs']}"
        self._history.record(NoticeKind.PIPELINE_LOADED, text, pipeline=known.name, details=details)

    def flows_to_begin_anew(self, name: str) -> list[str]:
        """The flows of a pipeline that were up, or FAILED, when its run was lost; told once."""
        return self._lost.pop(name, [])

    def _lose(self, name: str, manifest: Manifest | None, reason: ManifestError) -> None:
        flows = {} if manifest is None else manifest.flows
        up = [flow for flow, each in flows.items() if not each.state.at_rest or each.state is State.FAILED]
        self._lost[name] = sorted({*up, *(manifest.to_start if manifest else ())})
        text = f"pipeline {name} is lost, with what lay on its links: {reason}"
        self._history.record(NoticeKind.PIPELINE_LOST, text, pipeline=name)


def _check_sense(manifest: Manifest, path: Path) -> None:
    if contradiction := find_contradiction(manifest):
        raise ManifestError(f"{path} contradicts itself: {contradiction}")


def _take_away(path: Path) -> None:
    """Have a record that is of no use out of the way; what cannot go stops no other pipeline."""
    try:
        path.unlink(missing_ok=True)
    except OSError as reason:
        logger.error("cannot take %s away: %s; while it is there, %s cannot be adopted", path, reason, path.stem)

"""What is said of a flow."""

from __future__ import annotations

import re
from pathlib import Path

from pipertd.supervisor.death import Death
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.lifecycle import Input
from pipertd.supervisor.notices import aftermath, exited
from pipertd.supervisor.restart import Ending, Verdict
from pipertd.supervisor.view import NoticeKind

PAGE = Path(__file__).parents[3] / "docs" / "supervision.md"


def death(happened: Input, failure: Failure | None = None) -> Death:
    ending = Ending(1) if failure else Ending(0)
    log = "its last words" if failure else ""
    verdict = Verdict(happened, str(ending), delay_s=0.2, failure=failure)
    return Death(7, 3, True, ending, failure, "", verdict, str(ending), log, "", None)


def test_a_failure_has_its_name_and_its_log() -> None:
    """Both notices of a death carry them, and details that say nothing are left out."""
    died = death(Input.DIED_TO_RETURN, Failure.EXITED)
    after = aftermath(died, has_standby=False)
    assert after is not None
    assert after.details == {"failure": "exited", "log": "its last words"}
    assert exited(died).details == {"pid": "7", "ending": "exited with code 1", **after.details}
    assert exited(death(Input.DIED_AS_ASKED)).details == {"pid": "7", "ending": "exited with code 0"}


def test_what_comes_after_a_death_is_said() -> None:
    """A restart says when, and a failure why; behind a stop, or the end of a stream, there is nothing to be said."""
    again, failed = death(Input.DIED_TO_RETURN, Failure.EXITED), death(Input.DIED_FOR_GOOD, Failure.START_LIMIT)
    said = [
        aftermath(again, has_standby=False),
        aftermath(again, has_standby=True),
        aftermath(failed, has_standby=False),
    ]
    assert [(each.kind, each.text) for each in said if each] == [
        (NoticeKind.FLOW_RESTARTING, "is restarted in 0.2 s: it exited with code 1"),
        (NoticeKind.FLOW_RESTARTING, "is restarted at once by its standby: it exited with code 1"),
        (NoticeKind.FLOW_FAILED, "failed: it exited with code 1"),
    ]
    assert aftermath(death(Input.DIED_AS_ASKED), has_standby=False) is None
    assert aftermath(death(Input.DIED_AT_THE_END), has_standby=True) is None


def test_docs_explain_every_kind_of_notice() -> None:
    """The table in the docs has each kind, and nothing else."""
    section = PAGE.read_text().partition("\n### Kinds\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", section, re.MULTILINE)
    assert sorted(kind for row in rows for kind in re.findall(r"[a-z_]+", row)) == sorted(NoticeKind)

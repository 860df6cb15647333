"""What becomes of a flow that died."""

from __future__ import annotations

import pytest

from pipertd.definition.model import Restart, RestartPolicy
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.lifecycle import Input
from pipertd.supervisor.restart import UNSEEN, Ending, Restarts, Verdict

KILLED = Ending(-9, 9)
CLEAN = Ending(0)
FAILED = Ending(1)


def judge(
    restarts: Restarts,
    ending: Ending,
    *,
    wanted: bool = True,
    ended: bool = False,
    ran_s: float = 0.0,
    now_s: float = 0.0,
) -> Verdict:
    return restarts.judge(ending, failure=ending.failure, wanted=wanted, ended=ended, ran_s=ran_s, now_s=now_s)


@pytest.mark.parametrize("policy", list(RestartPolicy))
def test_end_of_stream_ends_whatever_the_policy(policy: RestartPolicy) -> None:
    """A finite source that is done stays done."""
    assert judge(Restarts(Restart(policy)), CLEAN, ended=True).happened is Input.DIED_AT_THE_END


@pytest.mark.parametrize("ending", [KILLED, CLEAN, FAILED])
def test_flow_that_nobody_wants_stays_down(ending: Ending) -> None:
    """A flow that was stopped on purpose is not restarted."""
    assert judge(Restarts(Restart()), ending, wanted=False).happened is Input.DIED_AS_ASKED


@pytest.mark.parametrize("ending", [KILLED, FAILED, CLEAN])
def test_failure_is_restarted(ending: Ending) -> None:
    """A crash, a failed routine, and a clean exit that nobody asked for are all restarted."""
    assert judge(Restarts(Restart()), ending).happened is Input.DIED_TO_RETURN


def test_policy_never_fails_at_once() -> None:
    """Without a restart the first failure is final."""
    verdict = judge(Restarts(Restart(RestartPolicy.NEVER)), KILLED)
    assert (verdict.happened, "SIGKILL" in verdict.reason) == (Input.DIED_FOR_GOOD, True)


def test_useless_specification_is_not_tried_again() -> None:
    """A flow that cannot use its specification fails at once, and says so."""
    assert judge(Restarts(Restart()), Ending(2)).happened is Input.DIED_FOR_GOOD


def test_backoff_doubles_up_to_its_most() -> None:
    """Each failure in a row waits twice as long as the one before."""
    restarts = Restarts(Restart(backoff_first_s=0.1, backoff_most_s=0.5, limit=100))
    assert [judge(restarts, KILLED).delay_s for _ in range(5)] == [0.1, 0.2, 0.4, 0.5, 0.5]


def test_clean_run_resets_the_backoff() -> None:
    """A generation that ran for longer than the next delay was no part of a row of failures."""
    restarts = Restarts(Restart(backoff_first_s=0.1, limit=100))
    for _ in range(3):
        judge(restarts, KILLED)
    assert judge(restarts, KILLED, ran_s=5.0).delay_s == 0.1


def test_limit_counts_within_its_window() -> None:
    """The start limit ends a crash loop, and crashes of long ago do not count."""
    restarts = Restarts(Restart(limit=2, window_s=10.0))
    happened = [judge(restarts, KILLED, now_s=now_s).happened for now_s in (0.0, 1.0, 11.5, 12.0)]
    assert happened == [Input.DIED_TO_RETURN] * 2 + [Input.DIED_TO_RETURN] * 2
    verdict = judge(restarts, KILLED, now_s=13.0)
    assert (verdict.happened, "2 restarts within 10 s" in verdict.reason) == (Input.DIED_FOR_GOOD, True)


def test_one_restart_is_said_as_one() -> None:
    """The reason is read by people."""
    restarts = Restarts(Restart(limit=1))
    judge(restarts, FAILED)
    assert judge(restarts, FAILED).reason == "exited with code 1, after 1 restart within 60 s"


def test_failure_keeps_its_name_until_the_limit() -> None:
    """A death has the name that is known, or that of its ending; the last one that of the limit; a clean end none."""
    restarts = Restarts(Restart(limit=3))
    missed = restarts.judge(KILLED, failure=Failure.STOP_DEADLINE, wanted=True, ended=False, ran_s=0.0, now_s=0.0)
    named = [judge(restarts, ending).failure for ending in (KILLED, FAILED, CLEAN)]
    assert [missed.failure, *named] == [Failure.STOP_DEADLINE, Failure.KILLED, Failure.EXITED, Failure.START_LIMIT]
    assert judge(restarts, CLEAN, ended=True).failure is None
    assert judge(restarts, CLEAN, wanted=False).failure is None


def test_operator_gives_a_new_chance() -> None:
    """A start by hand forgets earlier failures."""
    restarts = Restarts(Restart(limit=1))
    judge(restarts, KILLED)
    restarts.forget()
    assert (judge(restarts, KILLED).happened, restarts.count) == (Input.DIED_TO_RETURN, 1)


def test_ending_in_words() -> None:
    """People read how a process ended, by name."""
    assert [str(KILLED), str(FAILED), str(Ending(-40, 40))] == [
        "was killed by SIGKILL",
        "exited with code 1",
        "was killed by signal 40",
    ]


def test_whoever_was_not_let_in_counts_for_nothing() -> None:
    """A daemon that died before it opened the gate is no failure of the flow, which is started again at once."""
    restarts = Restarts(Restart(limit=0))
    verdict = restarts.judge(UNSEEN, failure=None, wanted=True, ended=False, ran_s=0.0, now_s=0.0, let_in=False)
    assert (verdict.happened, verdict.delay_s, restarts.count) == (Input.DIED_TO_RETURN, 0.0, 0)


def test_an_end_that_nobody_saw_is_a_failure() -> None:
    """It is restarted by the rule, and its failure is called unknown."""
    verdict = judge(Restarts(Restart()), UNSEEN)
    assert (verdict.happened, verdict.failure) == (Input.DIED_TO_RETURN, Failure.UNKNOWN)


def test_where_a_daemon_goes_on_the_limit_does_too() -> None:
    """What was counted before it came is counted."""
    before, after = Restarts(Restart(limit=1)), Restarts(Restart(limit=1))
    judge(before, KILLED)
    after.recall(before.record())
    assert judge(after, KILLED).failure is Failure.START_LIMIT

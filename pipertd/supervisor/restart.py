"""What becomes of a flow that died: it stays down, is restarted after a delay, or has failed for good. Pure."""

from __future__ import annotations

import signal
from collections import deque
from dataclasses import dataclass

from pipertd.definition.model import Restart, RestartPolicy
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.lifecycle import Input
from pipertd.supervisor.manifest import RestartsRecord

CANNOT_USE_SPEC = 2  # a flow's exit code: trying again with the same specification is no use


@dataclass(frozen=True)
class Ending:
    """How a process ended: by ``signal``, or with exit ``code`` where that is None; or nobody saw it."""

    code: int
    signal: int | None = None
    seen: bool = True

    @property
    def failure(self) -> Failure | None:
        """What it is called where nothing else is known of it."""
        if not self.seen:
            return Failure.UNKNOWN
        if self.signal is not None:
            return Failure.KILLED
        return Failure.EXITED if self.code else None

    def __str__(self) -> str:
        if not self.seen:
            return "ended unseen: it was adopted"
        if self.signal is None:
            return f"exited with code {self.code}"
        try:
            return f"was killed by {signal.Signals(self.signal).name}"
        except ValueError:  # a real-time signal has no name
            return f"was killed by signal {self.signal}"


UNSEEN = Ending(-1, seen=False)
_CLEAN = Ending(0)


@dataclass(frozen=True)
class Verdict:
    """What a death means: the lifecycle's input, the delay before a restart, and why, in words and by name."""

    happened: Input
    reason: str
    delay_s: float = 0.0
    failure: Failure | None = None


class Restarts:
    """One flow's restarts: how many, how recent, and how long the next one waits; ``rule`` is what holds now."""

    def __init__(self, rule: Restart) -> None:
        self.rule = rule
        self.forget()

    def forget(self) -> None:
        """Begin anew: an operator started the flow."""
        self.count = 0
        self._recent: deque[float] = deque()
        self._delay_s = self.rule.backoff_first_s

    def record(self) -> RestartsRecord:
        """What ``recall`` wants to know."""
        return RestartsRecord(count=self.count, recent=list(self._recent), delay_s=self._delay_s)

    def recall(self, record: RestartsRecord) -> None:
        """Go on from where a daemon before this one was."""
        self.count, self._recent, self._delay_s = record.count, deque(record.recent), record.delay_s

    def judge(
        self,
        ending: Ending,
        *,
        failure: Failure | None,
        wanted: bool,
        ended: bool,
        ran_s: float,
        now_s: float,
        let_in: bool = True,
    ) -> Verdict:
        """Decide about one death.

        Args:
            ending: how the process ended.
            failure: what that is called, where it is one.
            wanted: whether an operator still wants the flow up.
            ended: whether every routine of it came to the end of its stream.
            ran_s: how long it was RUNNING.
            now_s: the monotonic time.
            let_in: whether it came in by its gate; a daemon that died before it opened it is nobody's failure.
        """
        how = str(ending)
        if not wanted:
            return Verdict(Input.DIED_AS_ASKED, "cleanly" if ending == _CLEAN else how, failure=failure)
        if not let_in:
            return Verdict(Input.DIED_TO_RETURN, "was not let in by the daemon before this one")
        if ending == _CLEAN:
            if ended:
                return Verdict(Input.DIED_AT_THE_END, "its stream ended")
            how, failure = "stopped although nobody had asked it to", failure or Failure.EXITED
        if self.rule.policy is RestartPolicy.NEVER:
            return Verdict(Input.DIED_FOR_GOOD, f"{how}, and its restart policy is never", failure=failure)
        if ending.signal is None and ending.code == CANNOT_USE_SPEC:
            return Verdict(Input.DIED_FOR_GOOD, f"{how}: it cannot use its specification", failure=failure)
        return self._again(how, failure, ran_s, now_s)

    def put_off(self) -> float:
        """How long a restart waits for which the machine has nothing left now. It counts as none, and has no limit."""
        delay_s = min(self._delay_s, self.rule.backoff_most_s)
        self._delay_s = min(delay_s * 2, self.rule.backoff_most_s)
        return delay_s

    def _again(self, how: str, failure: Failure | None, ran_s: float, now_s: float) -> Verdict:
        rule = self.rule
        while self._recent and now_s - self._recent[0] > rule.window_s:
            self._recent.popleft()
        if len(self._recent) >= rule.limit:
            restarts = f"{rule.limit} restart{'s' if rule.limit != 1 else ''}"
            reason = f"{how}, after {restarts} within {rule.window_s:g} s"
            return Verdict(Input.DIED_FOR_GOOD, reason, failure=Failure.START_LIMIT)
        if ran_s > self._delay_s:  # it ran for longer than it would now wait: that was a clean run
            self._delay_s = rule.backoff_first_s
        delay_s = min(self._delay_s, rule.backoff_most_s)
        self._delay_s = min(delay_s * 2, rule.backoff_most_s)
        self._recent.append(now_s)
        self.count += 1
        return Verdict(Input.DIED_TO_RETURN, how, delay_s, failure)

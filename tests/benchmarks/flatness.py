"""Whether a process grew: its first steady quarter against its last."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_WARM_UP = 10  # one sample in so many, the first ones, is left out
_LEAST_SAMPLES = 8
_ALLOWED_SHARE, _ALLOWED_MIB = 0.02, 0.5  # of noise, whichever is more


@dataclass(frozen=True)
class Sample:
    """One look at a process."""

    process: str
    rss_mib: float
    rss_anon_mib: float
    fds: int


@dataclass(frozen=True)
class Verdict:
    """What a process held in its first steady quarter and in its last, on average."""

    process: str
    first_mib: float
    last_mib: float
    first_fds: float
    last_fds: float

    @property
    def flat(self) -> bool:
        """Whether neither its memory nor its descriptors grew."""
        allowed_mib = max(self.first_mib * _ALLOWED_SHARE, _ALLOWED_MIB)
        return self.last_mib <= self.first_mib + allowed_mib and self.last_fds <= self.first_fds

    def __str__(self) -> str:
        return (
            f"{self.process}: RssAnon {self.first_mib:.2f} → {self.last_mib:.2f} MiB, "
            f"descriptors {self.first_fds:g} → {self.last_fds:g}: {'flat' if self.flat else 'NOT flat'}"
        )


def growth(samples: Sequence[Sample]) -> list[Verdict]:
    """A verdict for each process that was looked at often enough."""
    by_process: dict[str, list[Sample]] = {}
    for sample in samples:
        by_process.setdefault(sample.process, []).append(sample)
    return [_verdict(name, looks) for name, looks in by_process.items() if len(looks) >= _LEAST_SAMPLES]


def _verdict(process: str, looks: list[Sample]) -> Verdict:
    steady = looks[max(1, len(looks) // _WARM_UP) :]
    quarter = len(steady) // 4 or 1
    first, last = steady[:quarter], steady[-quarter:]
    return Verdict(
        process,
        statistics.fmean(each.rss_anon_mib for each in first),
        statistics.fmean(each.rss_anon_mib for each in last),
        statistics.fmean(each.fds for each in first),
        statistics.fmean(each.fds for each in last),
    )

"""What is compared with whom, and the targets. A round measures every side of a figure once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from tests.benchmarks.job import FULL_HD_BYTES, SMALL_DEPTH, Job

OURS = "pipertd"
KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Side:
    """One side: a module of this package with ``run(job)``, and what it is asked."""

    name: str
    adapter: str
    job: Job


@dataclass(frozen=True)
class Target:
    """A bound for a ratio, a difference (ours less the peer's) or a value of ours."""

    relation: Literal["≤", "≥"]
    bound: float
    of: Literal["ratio", "difference", "value"] = "ratio"

    def met(self, value: float) -> bool:
        """Whether ``value`` keeps to it."""
        return value <= self.bound if self.relation == "≤" else value >= self.bound


@dataclass(frozen=True)
class Versus:
    """A peer, and the target against it; without one the peer is shown for comparison."""

    side: Side
    target: Target | None = None


@dataclass(frozen=True)
class Own:
    """Another value of our side, shown beside, with or without a bound."""

    value: str
    what: str
    unit: str
    target: Target | None = None


@dataclass(frozen=True)
class Figure:
    """One value, ours and theirs."""

    name: str
    what: str
    value: str
    unit: str
    ours: Side
    peers: tuple[Versus, ...]
    own: tuple[Own, ...] = ()

    def sides(self, *, essential: bool) -> list[Side]:
        """All sides in the order of a round; only those that a target names, where so wished."""
        wanted = [versus for versus in self.peers if versus.target] if essential else []
        return [self.ours, *(versus.side for versus in wanted or self.peers)]


def bare_peers(job: Job) -> dict[str, Side]:
    """Everybody who can do what one link does, by name."""

    def iceoryx(mode: str) -> Side:
        return Side(f"iceoryx2, {mode}", "peers.iceoryx", msgspec.structs.replace(job, what=mode))

    sides = (
        iceoryx("events"),
        iceoryx("polling"),
        Side("pyzmq", "peers.zmq", job),
        Side("zenoh", "peers.zenoh", job),
        Side("faster-fifo", "peers.fifo", job),
        Side("multiprocessing.Queue", "peers.multiprocessing_queue", job),
        Side("dora", "peers.dora", job),
        Side("PipeRT2", "peers.pipert", job),
    )
    return {side.name: side for side in sides}


def ours(job: Job, what: str = "link") -> Side:
    """Our side."""
    return Side(OURS, "ours", msgspec.structs.replace(job, what=what))


def _versus_all(job: Job, targets: dict[str, Target]) -> tuple[Versus, ...]:
    return tuple(Versus(side, targets.get(name)) for name, side in bare_peers(job).items())


def _daemon(flows: int) -> Figure:
    """What a daemon costs that has little to do."""
    what = f"daemon with {flows} idle flows"
    own = (
        Own("rss_mib", f"{what}: resident memory", "MiB", Target("≤", 80, "value")),
        Own("status_ms", f"{what}: a call of GetStatus", "ms", Target("≤", 20, "value")),
        Own("start_s", f"{what}: from its start until all are RUNNING", "s"),
    )
    load = Own("cpu_percent", f"{what}: share of a core", "%", Target("≤", 1, "value"))
    side = Side(OURS, "idle", Job(str(flows), seconds=10.0))
    return Figure(f"idle-{flows}", what, "cpu_percent", "%", side, (), own=(load, *own))


def _tapped(name: str, what: str, value: str, unit: str, job: Job, target: Target | None = None) -> Figure:
    """What a link loses by being looked at."""

    def side(name: str, taps: int) -> Side:
        return Side(name, "tapped", msgspec.structs.replace(job, what=str(taps)))

    what = f"{what}, with three taps that look without a pause"
    own = (Own("seen", f"{what}: messages that they saw", ""),)
    return Figure(name, what, value, unit, side(OURS, 3), (Versus(side("no tap", 0), target),), own)


_PACED = Job(size_bytes=64, seconds=1.5, per_second=1000.0)
_SMALL = Job(size_bytes=64, seconds=1.5)
_FRAMES = Job(size_bytes=FULL_HD_BYTES, seconds=1.5)
_COPY = Side("one numpy copy", "peers.numpy_copy", _FRAMES)


def _hop(size_bytes: int) -> Job:
    return Job(size_bytes=size_bytes, seconds=2.0, per_second=200.0)


FIGURES = (
    Figure(
        "latency",
        "routine to routine in another flow, 64 B, one way, median",
        "p50_us",
        "µs",
        ours(_PACED),
        _versus_all(
            _PACED,
            {"iceoryx2, events": Target("≤", 1), "dora": Target("≤", 0.1), "PipeRT2": Target("≤", 0.1)},
        ),
        own=(Own("p99_us", "routine to routine in another flow, 64 B, one way, 99th percentile", "µs"),),
    ),
    Figure(
        "messages",
        f"64 B messages over one link of depth {SMALL_DEPTH}",
        "per_second",
        "/s",
        ours(_SMALL),
        _versus_all(
            _SMALL,
            {
                "pyzmq": Target("≥", 0.5),
                "iceoryx2, events": Target("≥", 1),
                "iceoryx2, polling": Target("≥", 1),
                "PipeRT2": Target("≥", 20),
            },
        ),
    ),
    Figure(
        "frames",
        "1080p frames from one flow to another, filled by loan",
        "per_second",
        "/s",
        ours(_FRAMES),
        (
            Versus(_COPY, Target("≥", 0.8)),
            *_versus_all(
                _FRAMES,
                {
                    "iceoryx2, events": Target("≥", 1),
                    "iceoryx2, polling": Target("≥", 1),
                    "dora": Target("≥", 30),
                    "PipeRT2": Target("≥", 30),
                },
            ),
        ),
    ),
    Figure(
        "hop",
        "a hop that passes on 24 MB, against one that passes on 64 KB, median",
        "p50_us",
        "µs",
        ours(_hop(24 * MIB), "hop"),
        (Versus(Side("64 KB", "ours", msgspec.structs.replace(_hop(64 * KIB), what="hop")), Target("≤", 1.2)),),
    ),
    Figure(
        "fan-out",
        "producer's CPU time for a 1080p frame to 4 readers, against 1 reader",
        "whole_us",
        "µs",
        ours(_FRAMES, "fan-out to 4"),
        (
            Versus(
                Side("1 reader", "ours", msgspec.structs.replace(_FRAMES, what="fan-out to 1")),
                Target("≤", 1.2),
            ),
        ),
        own=(Own("publishing_us", "of that CPU time, publishing to 4 readers", "µs"),),
    ),
    _tapped("taps", "64 B messages over a link", "per_second", "/s", Job(size_bytes=64, seconds=3.0)),
    _tapped("taps-frames", "1080p frames over a link", "per_second", "/s", Job(size_bytes=FULL_HD_BYTES, seconds=3.0)),
    _tapped(
        "taps-camera",
        "1080p frames, 50 a second, one way, median",
        "p50_us",
        "µs",
        Job(size_bytes=FULL_HD_BYTES, seconds=3.0, per_second=50.0),
        Target("≤", 1.2),
    ),
    Figure(
        "recovery",
        "kill -9 of a flow to its next message in hand, backoff 1 ms",
        "handled_ms",
        "ms",
        Side(OURS, "recovery", Job("at once")),
        (
            Versus(Side('python -c "import numpy"', "peers.numpy_import", Job("time")), Target("≤", 2)),
            Versus(Side("Supervisor", "peers.supervisord", Job()), Target("≤", 1 / 3)),
            Versus(Side("pipertd, default backoff", "recovery", Job("by default"))),
        ),
        own=(Own("lost", "messages lost by kill -9 of their reader", "", Target("≤", 0, "value")),),
    ),
    Figure(
        "takeover",
        "kill -9 of a flow with a standby to its next message in hand",
        "handled_ms",
        "ms",
        Side(OURS, "recovery", Job("standby")),
        (
            Versus(Side('python -c "import numpy"', "peers.numpy_import", Job("time")), Target("≤", 2)),
            Versus(Side("Supervisor", "peers.supervisord", Job()), Target("≤", 1 / 3)),
        ),
        own=(Own("lost", "messages lost by that", "", Target("≤", 0, "value")),),
    ),
    Figure(
        "memory",
        "RssAnon of an idle flow",
        "rss_anon_mib",
        "MiB",
        Side(OURS, "memory", Job()),
        (
            Versus(
                Side('python -c "import numpy"', "peers.numpy_import", Job("memory")),
                Target("≤", 8, "difference"),
            ),
        ),
    ),
    _daemon(50),
    _daemon(100),
    Figure(
        "command",
        "`pipertctl status`, cold",
        "took_ms",
        "ms",
        Side(OURS, "idle", Job("command")),
        (Versus(Side('python -c "import grpc"', "peers.grpc_import", Job()), Target("≤", 2)),),
    ),
    Figure(
        "unread",
        "memory of 256 followed logs of 100,000 records that nobody reads",
        "added_mib",
        "MiB",
        Side(OURS, "crowd", Job("unread")),
        (),
        own=(
            Own(
                "added_mib",
                "256 streams that nobody reads: memory that they add",
                "MiB",
                Target("≤", 64, "value"),
            ),
            Own("look_p50_ms", "256 streams that nobody reads: GetStatus meanwhile, median", "ms"),
            Own("look_worst_ms", "256 streams that nobody reads: GetStatus meanwhile, slowest", "ms"),
        ),
    ),
    Figure(
        "read",
        "notices and records to 75 watchers and 75 followers at once",
        "per_second",
        "/s",
        Side(OURS, "crowd", Job("read")),
        (),
        own=(
            Own("look_p50_ms", "75 watchers and 75 followers: GetStatus in the storm, median", "ms"),
            Own("look_worst_ms", "75 watchers and 75 followers: GetStatus in the storm, slowest", "ms"),
        ),
    ),
    Figure(
        "busy",
        "a hop into a flow whose other routine is busy in Python, 99th percentile",
        "p99_us",
        "µs",
        ours(Job(size_bytes=64, seconds=3.0, per_second=200.0), "beside busy"),
        (Versus(Side("without a neighbour", "ours", Job("link", size_bytes=64, seconds=3.0, per_second=200.0))),),
        own=(
            Own(
                "p99_us",
                "a hop into a flow whose other routine is busy in Python, 99th percentile by itself",
                "µs",
                Target("≤", 1000, "value"),
            ),
        ),
    ),
)

"""What `make bench` makes of its measurements; nothing is measured here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.alternate import NOT_MEASURED
from tests.benchmarks.document import part
from tests.benchmarks.figures import FIGURES, Figure, Own, Side, Target, Versus
from tests.benchmarks.flatness import Sample, growth
from tests.benchmarks.job import Job, encoded, sent_ns_of, small_message
from tests.benchmarks.results import Results
from tests.benchmarks.table import as_markdown, as_text, rows

OURS, PEER = Side("pipertd", "ours", Job()), Side("peer", "peers.peer", Job())


def figure(target: Target | None, own: tuple[Own, ...] = ()) -> Figure:
    return Figure("speed", "how fast", "per_second", "/s", OURS, (Versus(PEER, target),), own)


def measured(*pairs: tuple[float, float]) -> list[dict[str, dict[str, float]]]:
    return [{"pipertd": {"per_second": ours}, "peer": {"per_second": theirs}} for ours, theirs in pairs]


def test_ratio_is_of_one_round_and_the_median_counts() -> None:
    """Each ratio is between two sides of one round; the row has their median, the least and the greatest."""
    (row,) = rows(figure(Target("≥", 1.5)), measured((10, 10), (40, 20), (90, 30)))
    assert (row.ours, row.theirs, row.compared) == ("40 /s", "20 /s", "2 × (1–3)")
    assert (row.target, row.met) == ("≥ 1.5 ×", True)


@pytest.mark.parametrize(("target", "met"), [(Target("≤", 1), False), (Target("≥", 2), True), (None, None)])
def test_target_is_met_or_not_or_not_there(target: Target | None, met: bool | None) -> None:
    """A bound is kept from its own side only; without a target there is no verdict."""
    (row,) = rows(figure(target), measured((4, 2)))
    assert row.met is met


def test_difference_is_ours_less_theirs() -> None:
    """A target may bound how much more we take."""
    (row,) = rows(figure(Target("≤", 8, "difference")), measured((18, 13)))
    assert (row.compared, row.target, row.met) == ("5 /s more (5–5)", "≤ 8 /s", True)


def test_peer_that_cannot_run_says_why_and_takes_nothing_with_it() -> None:
    """The row has the reason and no verdict; our own values stand."""
    rounds: list[dict[str, dict[str, Any]]] = [
        {"pipertd": {"per_second": 5.0, "lost": 0}, "peer": {NOT_MEASURED: "cannot import peer"}}
    ]
    own = (Own("lost", "lost", "", Target("≤", 0, "value")),)
    first, second = rows(figure(Target("≥", 1), own), rounds)
    assert (first.compared, first.met) == ("not measured: cannot import peer", None)
    assert (second.ours, second.met) == ("0", True)


def test_table_has_a_line_for_each_row() -> None:
    """For a terminal and for a page."""
    lines = rows(figure(None), measured((4, 2)))
    assert len(as_text(lines).splitlines()) == 2
    assert as_markdown(lines).splitlines()[2] == "| how fast | 4 /s | peer | 2 /s | 2 × (2–2) |  |  |"


def test_every_target_of_a_link_is_compared() -> None:
    """Nobody takes a target out of the list unseen."""
    wanted = {
        (each.name, versus.side.name, versus.target.relation, round(versus.target.bound, 3))
        for each in FIGURES
        for versus in each.peers
        if versus.target
    } | {
        (each.name, own.value, own.target.relation, own.target.bound)
        for each in FIGURES
        for own in each.own
        if own.target
    }
    assert wanted == {
        ("taps-camera", "no tap", "≤", 1.2),
        ("latency", "iceoryx2, events", "≤", 1),
        ("latency", "dora", "≤", 0.1),
        ("latency", "PipeRT2", "≤", 0.1),
        ("messages", "pyzmq", "≥", 0.5),
        ("messages", "iceoryx2, events", "≥", 1),
        ("messages", "iceoryx2, polling", "≥", 1),
        ("messages", "PipeRT2", "≥", 20),
        ("frames", "one numpy copy", "≥", 0.8),
        ("frames", "iceoryx2, events", "≥", 1),
        ("frames", "iceoryx2, polling", "≥", 1),
        ("frames", "dora", "≥", 30),
        ("frames", "PipeRT2", "≥", 30),
        ("hop", "64 KB", "≤", 1.2),
        ("fan-out", "1 reader", "≤", 1.2),
        ("recovery", 'python -c "import numpy"', "≤", 2),
        ("recovery", "Supervisor", "≤", 0.333),
        ("recovery", "lost", "≤", 0),
        ("takeover", 'python -c "import numpy"', "≤", 2),
        ("takeover", "Supervisor", "≤", 0.333),
        ("takeover", "lost", "≤", 0),
        ("memory", 'python -c "import numpy"', "≤", 8),
        ("unread", "added_mib", "≤", 64),
        ("busy", "p99_us", "≤", 1000),
        *((f"idle-{flows}", "cpu_percent", "≤", 1) for flows in (50, 100)),
        *((f"idle-{flows}", "rss_mib", "≤", 80) for flows in (50, 100)),
        *((f"idle-{flows}", "status_ms", "≤", 20) for flows in (50, 100)),
        ("command", 'python -c "import grpc"', "≤", 2),
    }


def test_small_message_is_as_long_as_it_says() -> None:
    """64 bytes are 64 bytes when they are encoded, and the time comes out again."""
    now_ns = 1 << 50
    assert len(encoded(now_ns, 64)) == 64
    assert len(encoded(now_ns, 1024)) in (1024, 1025)  # the length of longer padding takes a byte more
    assert sent_ns_of(encoded(now_ns, 64)) == small_message(now_ns, 64)["sent_ns"]


def test_page_takes_numbers_between_its_markers_only() -> None:
    """What people wrote around them stays."""
    numbers = part(Results())._replace(text=lambda: "new\n")
    page = numbers.page.read_text()
    before, after = numbers.renewed(page).split("\nnew\n")
    assert page.startswith(before)
    assert page.endswith(after)
    with pytest.raises(ValueError, match="it does not have the lines"):
        numbers.renewed("no markers")


def test_growth_is_seen_and_noise_is_not() -> None:
    """The last quarter against the first one behind the warm-up, each process by itself."""
    steady = [Sample("steady", 30, 18 + 0.01 * (number % 2), 15) for number in range(20)]
    growing = [Sample("growing", 30, 18 + 0.2 * number, 15) for number in range(20)]
    leaking = [Sample("leaking", 30, 18, 15 + number) for number in range(20)]
    assert {verdict.process: verdict.flat for verdict in growth(steady + growing + leaking)} == {
        "steady": True,
        "growing": False,
        "leaking": False,
    }
    assert growth(steady[:5]) == []

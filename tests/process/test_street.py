"""The demo on its real video."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import pipertd.examples
from pipertd.client import Client
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

FRAMES = 250
LONG_S = 500.0
PICTURES = {"street.mp4", "contact-sheet.png", "objects-over-time.png"}
SHIPPED = Path(pipertd.examples.__file__).parent / "street.yaml"


def write_definition(file: Path, out: Path) -> None:
    """The definition that ships, with its output in ``out``."""
    yaml = YAML()
    document = yaml.load(SHIPPED)
    document["flows"]["report"]["routines"]["objects"]["params"]["out"] = str(out)
    yaml.dump(document, file)


def lines(out: Path) -> list[dict[str, Any]]:
    """The whole lines of what is reported so far."""
    try:
        return [
            json.loads(line) for line in (out / "objects.jsonl").read_text().splitlines(keepends=True) if "\n" in line
        ]
    except FileNotFoundError:
        return []


def assert_complete(out: Path) -> None:
    """Every frame is there once and in order, with things in it, and the pictures are made."""
    assert [line["frame"] for line in lines(out)] == list(range(FRAMES))
    assert [line["time_s"] for line in lines(out)] == [round(number / 25, 3) for number in range(FRAMES)]
    numbers = {each["id"] for line in lines(out) for each in line["objects"]}
    assert numbers == set(range(1, len(numbers) + 1))
    assert all((out / name).stat().st_size for name in PICTURES)


def boxes(out: Path, frames: range) -> list[dict[str, float]]:
    return [each for line in lines(out)[frames.start : frames.stop] for each in line["objects"]]


def test_demo_reports_every_frame(tmp_path: Path) -> None:
    """`pipertd run` of the definition that ships: 250 in, 250 out on each link, and pictures."""
    command = [sys.executable, "-m", "pipertd.daemon", "run", str(SHIPPED), "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LONG_S, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["pipeline"], document["state"]) == ("street", "EXITED")
    assert [(link["from"], link["to"]) for link in document["links"]] == [
        ("capture/decode", "analyse/motion"),
        ("analyse/motion", "report/objects"),
    ]
    for link in document["links"]:
        assert (link["produced"], link["delivered"]) == (FRAMES, FRAMES)
        assert (link["failed"], link["quarantined"], link["in_flight"]) == (0, 0, 0)
        assert sum(link["dropped"].values()) == 0
    out = tmp_path / "street-out"
    assert_complete(out)
    # The man on his bicycle, the taxi, and the shot in which nothing but the camera moves.
    assert all(box["height"] > 200 for box in boxes(out, range(36, 42)))
    assert len({box["id"] for box in boxes(out, range(36, 42))}) == 1
    assert max(box["width"] for box in boxes(out, range(62, 68))) > 560
    assert boxes(out, range(114, 137)) == boxes(out, range(218, 250)) == []


def test_demo_survives_twenty_kills(daemon: Daemon) -> None:
    """`kill -9` of flows, twenty times in one run and once in its end: a new generation each time, no frame lost.

    Between two kills an event still reaches its routine.
    """
    out = daemon.folder / "street-out"
    write_definition(daemon.definitions / "street.yaml", out)
    daemon.start()
    kills = Counter[str]()
    for flow in islice(cycle(("capture", "analyse", "report")), 20):
        seen = len(lines(out))
        wait_until(lambda seen=seen: len(lines(out)) >= seen + 4, DEADLINE_S, "four more frames")  # type: ignore[misc]
        kill(daemon, flow, kills)
    daemon.wait_for("flow_started", "analyse", count=kills["analyse"] + 1)
    with Client(daemon.address) as client:  # quicker than a command: the frames that are left come meanwhile
        (answer,) = client.events.notify("SET_MIN_AREA", "street", {"pixels": 900}, timeout_s=60)
    assert isinstance(answer.value, dict) and answer.value["now"] == 900, answer.error
    wait_until(lambda: len(lines(out)) == FRAMES, DEADLINE_S, "the last frame")
    kill(daemon, "report", kills)  # while it makes the pictures
    assert "EXITED" in daemon.wait_for("pipeline_ended")["message"]
    assert_complete(out)
    assert kills.total() == 21
    for flow, count in kills.items():
        started = daemon.notices("flow_started", flow)
        assert [int(notice["details"]["generation"]) for notice in started] == list(range(1, count + 2))


def kill(daemon: Daemon, flow: str, kills: Counter[str]) -> None:
    """`kill -9` of the present generation of ``flow``."""
    notice = daemon.wait_for("flow_started", flow, count=kills[flow] + 1)
    os.kill(int(notice["details"]["pid"]), signal.SIGKILL)
    kills[flow] += 1

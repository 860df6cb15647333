"""Fail unless a demo's output and folder hold what the README promises: `LOG STREET_OUT`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

FRAMES = 250
LINK = re.compile(
    r"^(?P<link>\S+ -> \S+): (?P<produced>\d+) produced = (?P<delivered>\d+) delivered \+ 0 failed \+ 0 dropped "
    r"\+ 0 quarantined \+ 0 in flight$",
    re.MULTILINE,
)
LATENCY = re.compile(r"^end to end: p50 [\d.]+ \S+, p99 [\d.]+ \S+$", re.MULTILINE)


def broken_promises(log: str, folder: Path) -> list[str]:
    """What is not as promised, a line each."""
    broken = []
    counts = {match["link"]: (int(match["produced"]), int(match["delivered"])) for match in LINK.finditer(log)}
    if len(counts) < 2 or set(counts.values()) != {(FRAMES, FRAMES)}:
        broken.append(f"each link produces and delivers {FRAMES}, but it says {counts}")
    if LATENCY.search(log) is None:
        broken.append("p50 and p99 are said, but no line does")
    if str(folder.resolve()) not in log:
        broken.append(f"the user is told of {folder}, but is not")
    frames = [json.loads(line)["frame"] for line in (folder / "objects.jsonl").read_text().splitlines()]
    if frames != list(range(FRAMES)):
        broken.append(f"objects.jsonl has every frame once and in order, but it has {len(frames)}: {frames}")
    pictures = [path for path in folder.iterdir() if path.suffix in {".png", ".jpg", ".mp4"} and path.stat().st_size]
    if len(pictures) < 2:
        broken.append(f"there are pictures, but only {pictures}")
    return broken


def main() -> None:
    """Print what is broken, if anything is."""
    log, folder = Path(sys.argv[1]).read_text(), Path(sys.argv[2])
    broken = broken_promises(log, folder)
    for line in broken:
        print(f"demo: cannot accept: {line}", file=sys.stderr)
    if broken:
        sys.exit(1)
    print(f"demo: {FRAMES} frames in, {FRAMES} out, on every link; pictures in {folder}")


if __name__ == "__main__":
    main()

"""The page of the tour as a script, and what counts as another recording of the same."""

from __future__ import annotations

import pytest

from tests.tour.__main__ import PAGE, steps
from tests.tour.likeness import alike
from tests.tour.page import Block, Step, Until, pieces, written

TEXT = """\
Words, and `$ this` is no command.

```console
$ cat > file <<'END'
> one
>
> END
$ cat file
one
  $ indented output
```
<!-- until: test -e file -->

```yaml
$ not: a command
```
"""


def test_a_page_is_commands_and_what_they_printed() -> None:
    """A command may go on over lines; all that stands below it is what it printed."""
    _, block, _, until, *_ = pieces(TEXT)
    assert block == Block((Step("cat > file <<'END'\none\n\nEND", ""), Step("cat file", "one\n  $ indented output\n")))
    assert isinstance(until, Until)
    assert until.command == "test -e file"


@pytest.mark.parametrize("text", [TEXT, "", "only words\n", PAGE.read_text()])
def test_what_is_read_is_written_again(text: str) -> None:
    """Recording changes what was printed and nothing else."""
    assert written(list(pieces(text))) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flow 1234 since 2026-11-26 11:15:44.255", "flow 7 since 2027-01-01 00:00:00.000"),
        ("a/b   IDLE        79  14.6/s  ░░░░░   0%", "a/b  WORKING  8  9.0/s  ██░░░  40%"),
        ("p50 98.3 µs, p99 1.2 ms", "p50 2 min, p99 -"),
        ("values  -0.98 to 0.99, mean 0.1", "values  -1.0 to 1.0, mean -0.2, 6 skipped"),
        ("IN FLIGHT\n9", "IN FLIGHT  OLDEST\n9 of 8  12 ms"),
    ],
)
def test_what_is_another_each_time_is_alike(one: str, other: str) -> None:
    """Numbers, times, what a routine does at this moment, and the room that they take."""
    assert alike(one) == alike(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("yard: RUNNING", "yard: FAILED"),
        ("PRODUCED  DELIVERED", "PRODUCED  DELIVERED  QUARANTINED"),
        ("a\nb", "a"),
        ("cannot link a: no such routine", "cannot link a: there is none"),
    ],
)
def test_other_words_are_another_recording(one: str, other: str) -> None:
    """States, columns, lines and errors have to be what the page says."""
    assert alike(one) != alike(other)


def test_the_tour_shows_the_commands() -> None:
    """Who takes it has seen most of what pipertctl can do."""
    shown = {
        step.command.split()[1]
        for step in steps(list(pieces(PAGE.read_text())))
        if step.command.startswith("pipertctl")
    }
    assert {"check", "graph", "status", "top", "event", "logs", "tap", "pause", "resume", "kill", "reload"} <= shown
    assert {"link", "unlink", "quarantine", "doctor", "new", "stop", "daemon"} <= shown

"""What docs/client.md and the docstrings of the nouns show, done by the book."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import msgspec
import pytest

from pipertd.client import Client
from tests.process.authorities import Authority, port
from tests.process.definitions import write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

DOCUMENT = (Path(__file__).parents[2] / "docs/client.md").read_text()
PROGRAMS = re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
STANDS_FOR = {
    '"SET_MIN_AREA", "street", {"pixels": 3000}': '"NOTE", "street", {"text": "rain"}',
    '"decode", "motion"': '"count", "sink"',
}  # what the demo has, and what it is in the pipeline here
NOUNS = ("events", "logs", "pipelines", "quarantine", "status", "taps")


@pytest.fixture
def street(daemon: Daemon, tmp_path: Path) -> Iterator[Daemon]:
    """A pipeline that logs and sends numbers; its daemon also serves over TCP."""
    talk = {"class": "routines:Talk", "params": {}, "fps": 100}
    write_definition(daemon.definitions / "street.yaml", talk, writes(tmp_path / "numbers"))
    authority = Authority(tmp_path)
    authority.client("anna")
    daemon.settings.write_text(authority.settings())
    daemon.start()
    daemon.wait_for("flow_started", flow="b")
    with Client(daemon.address) as client:
        wait_until(lambda: client.pipelines.get("street").state == "RUNNING", DEADLINE_S, "all to run")
        yield daemon
        client.pipelines.stop("street", now=True)


def test_the_programs_of_the_document_do_what_they_say(street: Daemon, tmp_path: Path) -> None:
    """Each program runs to its end as it stands, but for addresses and the names of the demo, and prints something."""
    for program in PROGRAMS:
        here = program.replace("Client()", f'Client("{street.address}")')
        for there, stand_in in STANDS_FOR.items():
            here = here.replace(there, stand_in)
        here = here.replace("camera-7:7443", f"127.0.0.1:{port(street)}")
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", here],
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
            cwd=tmp_path / "ca",
        )
        assert (done.returncode, done.stderr) == (0, ""), program
        assert done.stdout, program


def test_the_examples_of_the_nouns_are_true(street: Daemon) -> None:
    """What the docstring of each noun shows is what a daemon answers."""
    said: list[str] = []
    runner = doctest.DocTestRunner()
    with Client(street.address) as client:
        known = {"client": client, "msgspec": msgspec}
        for noun in NOUNS:
            module = import_module(f"pipertd.client.{noun}")
            tests = [test for test in doctest.DocTestFinder().find(module, extraglobs=known) if test.examples]
            assert tests, noun
            for test in tests:
                runner.run(test, out=said.append)
    assert not runner.failures, "".join(said)

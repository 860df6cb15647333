"""The daemon that clients are tried against: the demo's street in a loop, with more beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipertd.client import Client
from pipertd.examples import street
from tests.clients.languages import LANGUAGES, Language, must_run
from tests.process.authorities import Authority, unused_port
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

HERE = Path(__file__).parent
POISONED = 3  # messages; calls drop one of them


@pytest.fixture(scope="module", params=LANGUAGES, ids=lambda language: language.name)
def language(request: pytest.FixtureRequest) -> Language:
    """Each that has a client; left out where it cannot run, with the reason."""
    one: Language = request.param
    if lacking := one.lacks():
        (pytest.fail if must_run() else pytest.skip)(lacking)
    return one


class Street(Daemon):
    """A daemon of the looped street and the poison, behind a socket and behind TLS."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for definition in (looped_street(folder / "street-out"), poison()):
            (self.definitions / f"{definition['pipeline']}.yaml").write_text(json.dumps(definition, indent=2))
        self.authority, self.port = Authority(folder), unused_port()
        self.settings.write_text(self.authority.settings().replace("127.0.0.1:0", f"127.0.0.1:{self.port}"))

    def by_socket(self) -> list[str]:
        """The options by which a program comes in as an admin."""
        return ["--address", self.address]

    def by_tls(self, name: str) -> list[str]:
        """The options by which a program comes in over TCP, in the role of ``name``."""
        certificate, key = self.authority.client(name)
        files = ["--ca", str(self.authority.ca), "--cert", str(certificate), "--key", str(key)]
        return ["--address", f"127.0.0.1:{self.port}", *files]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Street]:
    """A daemon of the test's own, not started yet."""
    one = Street(tmp_path)
    yield one
    one.end()


@pytest.fixture
def served(daemon: Street) -> Street:
    """That daemon when all of it is up."""
    daemon.start()
    wait_until_up(daemon)
    return daemon


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """A daemon for tests that start and stop nothing. They ask for ``language`` first: one left out needs no daemon."""
    one = Street(tmp_path_factory.mktemp("shared"))
    one.start()
    wait_until_up(one)
    yield one
    one.end()


def wait_until_up(daemon: Daemon) -> None:
    """Return when the street runs and the poison has done its work."""
    wait_until(lambda: daemon.notices("pipeline_ended"), DEADLINE_S, "the end of the poison")
    with Client(daemon.address) as client:
        wait_until(lambda: client.pipelines.get("street").state == "RUNNING", DEADLINE_S, "the street")


def looped_street(out: Path) -> dict[str, Any]:
    """The demo's pipeline, slower and without an end, and a flow that talks."""
    definition: dict[str, Any] = YAML(typ="safe").load(Path(street.__file__).with_suffix(".yaml"))
    flows = definition["flows"]
    flows["capture"]["routines"]["decode"] |= {"fps": 5, "params": {"loop": True}}
    flows["report"]["routines"]["objects"]["params"]["out"] = str(out)
    flows["archive"] = {"routines": {"frames": {"class": "archive:Frames"}}}
    archiving = {"from": "decode", "to": ["frames"], "policy": "drop_oldest", "depth": 8}
    return {**definition, "path": [str(HERE)], "links": [*definition["links"], archiving]}


def poison() -> dict[str, Any]:
    """A pipeline that has put each of its messages into quarantine when it is over."""
    restart = {"backoff": "10ms..10ms", "limit": f"{2 * POISONED} in 60s"}
    victim = {"restart": restart, "routines": {"sink": {"class": "archive:Victim"}}}
    source = {"class": "archive:Poison", "params": {"amount": POISONED}}
    return {
        "pipeline": "poison",
        "path": [str(HERE)],
        "shm_limit": "16M",
        "flows": {"a": {"routines": {"count": source}}, "b": victim},
        "links": [{"from": "count", "to": ["sink"], "max_deliveries": 1}],
    }

"""A `pipertd-http` process, and what it answers."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.process.served import DEADLINE_S, Daemon

PROGRAM = "from pipertd.cockpit.__main__ import main; main()"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


class Http:
    """One server, seen from outside."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        host, _, port = url.rpartition("/")[2].rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)

    def call(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request on a connection of its own; a ``body`` that is not bytes is sent as JSON."""
        sent, more = body, dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            sent, more = json.dumps(body).encode(), {"Content-Type": "application/json", **more}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)
        try:
            connection.request(method, path, sent, more)  # type: ignore[arg-type]
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    @contextmanager
    def events(self, path: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[dict[str, str]]]:
        """Server-sent events, each by its fields, for as long as they are read."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            response = connection.getresponse()
            assert response.status == 200, response.read()
            yield _parsed(response)
        finally:
            connection.close()


def _parsed(response: http.client.HTTPResponse) -> Iterator[dict[str, str]]:
    event: dict[str, str] = {}
    while line := response.readline().decode():
        name, colon, value = line.rstrip("\n").partition(": ")
        if colon and name:
            event[name] = value
        elif not colon and event:
            if "event" in event:
                yield event
            event = {}


@contextmanager
def http_of(daemon: Daemon | str, *options: str, program: str = PROGRAM, **environment: str) -> Iterator[Http]:
    """A server for a daemon, on a port that is free; it is stopped, and must have said nothing of a fault."""
    address = daemon if isinstance(daemon, str) else daemon.address
    command = [sys.executable, "-c", program, "--listen", "127.0.0.1:0", "--address", address, *options]
    with started(command, **environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith("pipertd-http listens on http"), process.stderr.read()
        yield Http(process, line.split()[-1])
        process.terminate()
        assert process.wait(DEADLINE_S) == 0
        said = process.stderr.read()
        assert "Traceback" not in said, said


@contextmanager
def started(command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone behind the block."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    ) as process:
        try:
            yield process
        finally:
            process.kill()

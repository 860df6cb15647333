"""Everything that the OpenAPI document promises, by schemathesis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.process.http_served import http_of
from tests.process.served import DEADLINE_S, Daemon

EXAMPLES = 1  # of each call, beside those that its schema names
# Streams have no end, for which schemathesis waits. The others are what a shorter path is, for one that is named.
LEFT_OUT = r"watch|follow|^/pipelines/|^/routines/\{flow\}|/flows/\{flow\}/"


def test_the_server_keeps_what_its_document_promises(served: Daemon, tmp_path: Path) -> None:
    """No call is answered with a fault, whatever is sent; each answer is as its schema says."""
    with http_of(served) as http:
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            *("run", f"{http.url}/openapi.json", "--no-color", "--phases", "coverage,fuzzing", "--seed", "1"),
            *("--request-timeout", str(DEADLINE_S)),
            *("--max-examples", str(EXAMPLES), "--exclude-path-regex", LEFT_OUT, "--workers", "1"),
            *("--exclude-checks", "positive_data_acceptance"),  # a schema cannot say that two files need two names
            *("--generation-database", "none"),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, timeout=5 * DEADLINE_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert " 500" not in done.stdout
        assert http.get("/v1/daemon").status == 200

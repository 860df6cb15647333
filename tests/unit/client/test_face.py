"""The public face of the client: what a user's type checker sees."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import pipertd.client

NOUNS = ("events", "logs", "pipelines", "quarantine", "status", "taps", "verbatim")
PROGRAM = """
import asyncio
from typing import assert_type

from pipertd.client import AsyncClient, Client, ClientError, Tls
from pipertd.client.records import Answer, Notice, Pipeline, Record, Status
from pipertd.client.streams import AsyncStream, Stream


def blocking() -> None:
    with Client("camera-7:7431", tls=Tls("ca.pem", "me.pem", "me.key")) as client:
        assert_type(client.pipelines.start("street"), Pipeline)
        assert_type(client.pipelines.list(), tuple[Pipeline, ...])
        assert_type(client.status.get(), Status)
        assert_type(client.status.watch("street"), Stream[Notice])
        assert_type(client.logs.read(follow=True), Stream[Record])
        assert_type(client.events.notify("ZOOM", "street", {"to": 2}), tuple[Answer, ...])
        client.pipelines.stop(5)  # wrong
        client.pipelines.start("street", nwo=True)  # wrong


async def awaited() -> None:
    async with AsyncClient() as client:
        assert_type(await client.pipelines.start("street"), Pipeline)
        assert_type(await client.status.get(), Status)
        assert_type(client.status.watch("street"), AsyncStream[Notice])
        async for record in client.logs.read(follow=True):
            assert_type(record, Record)
        assert_type(await asyncio.create_task(client.status.get()), Status)
        both = await asyncio.gather(client.status.get(), client.pipelines.get("street"))
        assert_type(both, tuple[Status, Pipeline])
        client.status.get().revision  # wrong
"""


def test_every_call_is_typed_for_both_clients(tmp_path: Path) -> None:
    """Mypy --strict knows every argument and what comes back, of a Client and of an AsyncClient."""
    file = tmp_path / "program.py"
    file.write_text(PROGRAM)
    root = Path(pipertd.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", f"--cache-dir={tmp_path}/cache", str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    wrong = [number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# wrong")]
    told = [line for line in done.stdout.splitlines() if "error:" in line]
    assert [int(line.split(":")[1]) for line in told] == wrong, done.stdout + done.stderr


@pytest.mark.parametrize("noun", NOUNS)
def test_no_generated_type_is_in_the_face(noun: str) -> None:
    """What a call takes and gives back is plain Python and the client's own records, never a class of protobuf."""
    module = import_module(f"pipertd.client.{noun}")
    (calls,) = [
        each
        for name, each in vars(module).items()
        if inspect.isclass(each) and each.__module__ == module.__name__ and not name.startswith("_")
    ]
    methods = [each for name, each in vars(calls).items() if inspect.isfunction(each) and not name.startswith("_")]
    assert methods
    for method in methods:
        told = " ".join(map(str, method.__annotations__.values()))
        assert "_pb2" not in told, method
        assert method.__doc__, method


def test_records_are_plain() -> None:
    """No field of a record is a class of protobuf."""
    records = import_module("pipertd.client.records")
    for name, record in vars(records).items():
        if inspect.isclass(record) and record.__module__ == records.__name__:
            assert "pb2" not in " ".join(map(str, record.__annotations__.values())), name


def test_each_noun_has_a_file() -> None:
    """The nouns above are all that there are."""
    offered = {name for name in dir(pipertd.client.Client) if not name.startswith("_")} - {"address", "close"}
    assert offered == set(NOUNS)
    assert set(NOUNS) <= {each.name for each in pkgutil.iter_modules(pipertd.client.__path__)}


def test_a_client_imports_only_what_it_needs() -> None:
    """What only some programs need, as TLS, errors' details and targets, is not imported by those that do not."""
    heavy = ("cryptography", "google.rpc", "grpc_status", "numpy", "pydantic", "rich", "pipertd.names", "random")
    program = f"import sys, pipertd.client; pipertd.client.Client('/s').status; print({heavy} & sys.modules.keys())"
    program = program.replace(f"{heavy}", f"set({heavy})")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

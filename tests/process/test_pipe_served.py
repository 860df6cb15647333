"""A pipe that others are let in to: by HTTP and by gRPC, as PipeRT2's wrappers do."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipertd.client import Client
from tests.process.scripted import DEADLINE_S, PRELUDE, Script
from tests.waiting import wait_until

PIPE = """
keep = Keep("keep")
pipe = Pipe()
pipe.create_flow("flow", True, Count("source"), keep)
pipe.build()
"""
HTTP = """
import json, urllib.request
api = APIWrapper(host="127.0.0.1", port=0, pipe=pipe)
api.run()
def call(path, method="POST", body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(api.url + path, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
"""


def post(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=DEADLINE_S) as answer:
        assert answer.status == 200


def test_http(tmp_path: Path) -> None:
    """`APIWrapper` serves PipeRT2's routes, and ends with the pipe."""
    script = Script(
        tmp_path,
        """
        assert call("/pipe/structure", "GET")["Routines"][0]["routine_name"] == "source"
        call("/start")
        until(lambda: keep.last.value)
        told = call("/routines/source/events/update_fps/execute", body={"extra_args": {"fps": 100}})
        assert told["answers"][0]["routine"] == "source" and "error" not in told["answers"][0], told
        call("/pause")
        assert call("/routines/events/log_data/execute", body={})["answers"][1]["value"]["paused"]
        call("/kill")
        pipe.join()
        """,
        PRELUDE + PIPE + HTTP,
    )
    script.works()


TELLS_WHEN_IT_WAITS = """
import threading
def calls(frame):
    while frame is not None:
        yield frame.f_code.co_name
        frame = frame.f_back
def tell():
    until(lambda: "wait_over" in calls(sys._current_frames()[threading.main_thread().ident]))
    print(api.url, flush=True)
threading.Thread(target=tell, daemon=True).start()
"""


@pytest.mark.parametrize("by", ["kill", "Ctrl-C"])
def test_http_as_the_last_line(tmp_path: Path, by: str) -> None:
    """A script whose last line lets others in, as PipeRT2's demos do, says where, and serves until a kill or Ctrl-C."""
    script = Script(tmp_path, TELLS_WHEN_IT_WAITS, PRELUDE + PIPE + HTTP)
    process = script.start(own_group=True)
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    try:
        for route in ("/start", "/routines/source/events/log_data/execute"):
            post(url + route)
        if by == "kill":
            post(url + "/kill")
        else:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, said = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert (process.returncode, script.left) == (0, []), said
    assert "Traceback" not in said and f"pipertd-http listens on {url}\n" in said


STOPPED = """
children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
(child,) = [int(pid) for pid in children if b"http_child" in Path(f"/proc/{pid}/cmdline").read_bytes()]
os.kill(child, signal.SIGSTOP)
print(child, flush=True)
"""


@pytest.mark.parametrize("end", ["pipe.join(to_kill=True)", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_http_server_that_is_stopped(tmp_path: Path, end: str) -> None:
    """It holds no end of a script up, and does not outlive it."""
    done = Script(tmp_path, STOPPED + end, PRELUDE + "from pathlib import Path\n" + PIPE + HTTP).run()
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    child = Path(f"/proc/{int(done.stdout)}")
    wait_until(lambda: not child.exists(), DEADLINE_S, "the server to be gone")


def test_http_ends_with_its_script(tmp_path: Path) -> None:
    """A script that is killed leaves no server behind."""
    script = Script(tmp_path, "print('up', flush=True)\ntime.sleep(1000)", PRELUDE + PIPE + HTTP)
    process = script.start()
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.kill()
    process.communicate(timeout=DEADLINE_S)  # until the last process has gone
    assert process.returncode == -signal.SIGKILL


def test_http_that_cannot_be(tmp_path: Path) -> None:
    """Who would let everybody in without a token is refused, and the script can go on."""
    script = Script(
        tmp_path,
        """
        try:
            APIWrapper("0.0.0.0", 0, pipe).run()
        except Exception as reason:
            print(reason)
        pipe.join(to_kill=True)
        """,
        PRELUDE + PIPE,
    )
    done = script.works()
    assert done.stdout == (
        "cannot serve HTTP: pipertd-http ended with exit code 1; standard error says why, "
        "and what is --control-token there is control_token=Path(…) here\n"
    )
    assert "without a token" in done.stderr


@contextmanager
def served_by_grpc(folder: Path) -> Iterator[Client]:
    """A client of a script's pipe; behind the block the script has ended well, and left nothing."""
    socket = folder / "pipe.sock"
    endpoint = f"unix://{socket}"
    script = Script(folder, f"RPCPipeWrapper(pipe).run_rpc_server(endpoint={endpoint!r})", PRELUDE + PIPE)
    with script.start() as process:
        try:
            wait_until(socket.exists, what="the socket")
            with Client(endpoint) as client:
                yield client
            _, said = process.communicate(timeout=DEADLINE_S)
        finally:
            process.kill()
    assert process.returncode == 0, said
    assert (script.left, socket.exists()) == ([], False)


def test_grpc(tmp_path: Path) -> None:
    """`RPCPipeWrapper` serves the daemon's API at a socket until the pipe has ended."""
    with served_by_grpc(tmp_path) as client:
        assert [answer.error for answer in client.events.notify("start", "pipe")] == [None, None]
        wait_until(lambda: client.pipelines.get("pipe").links[0].delivered, what="messages")
        client.pipelines.reload()
        client.pipelines.unlink("pipe", "source", "keep")
        assert client.pipelines.get("pipe").links == ()
        client.pipelines.stop("pipe")


RESTARTS: dict[str, Callable[[Client], object]] = {
    "a link goes": lambda client: client.pipelines.unlink("pipe", "source", "keep"),
    "the flow is restarted": lambda client: client.pipelines.restart("pipe/flow"),
    "the pipe is restarted": lambda client: client.pipelines.restart("pipe"),
}


@pytest.mark.parametrize("what", RESTARTS)
def test_a_pipe_outlives_a_restart(tmp_path: Path, what: str) -> None:
    """Flows that are down for a moment only are no end: who waits for that goes on waiting, until they are stopped."""
    with served_by_grpc(tmp_path) as client:
        RESTARTS[what](client)
        wait_until(lambda: flow_of(client) == ("RUNNING", 2), what="the flow to be up again")
        assert client.events.notify("start", "pipe")
        client.pipelines.stop("pipe")


def flow_of(client: Client) -> tuple[str, int]:
    """The state and the generation of the one flow."""
    (flow,) = client.pipelines.get("pipe").flows
    return flow.state, flow.generation

"""Clients that send garbage, send slowly, send too much, and never read: others are answered all the same."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from pipertd.cockpit.limits import MOST_CHANGES
from tests.process.http_served import PROGRAM, Http, http_of
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

# The same program, in which what lasts 10 s and 20 s lasts two: time enough for a machine that is busy.
IMPATIENT = (
    "from pipertd.cockpit import body, connection, sse; "
    "connection.HEAD_S = body.BODY_S = connection.UNREAD_S = 2.0; sse.PULSE_S = 0.1; connection.MOST_CONNECTIONS = 20; "
) + PROGRAM


@pytest.fixture
def http(served: Daemon) -> Iterator[Http]:
    with http_of(served) as one:
        yield one


@pytest.fixture
def impatient(served: Daemon) -> Iterator[Http]:
    with http_of(served, program=IMPATIENT) as one:
        yield one


def sent(http: Http, content: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    with closing(socket.create_connection((http.host, http.port), timeout=DEADLINE_S)) as connection:
        try:
            connection.sendall(content)
        except (BrokenPipeError, ConnectionResetError):
            return b""  # it did not listen to the end
        return read(connection)


def read(connection: socket.socket) -> bytes:
    found = bytearray()
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        pass
    return bytes(found)


HEAD = b"Host: localhost\r\nConnection: close\r\n"
JSON = b"Content-Type: application/json\r\n"
STOP = b"POST /v1/pipelines/p/stop HTTP/1.1\r\n" + HEAD + JSON

GARBAGE: tuple[tuple[bytes, int | None], ...] = (
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n", 400),
    (b"GET\r\n\r\n", 400),
    (b"GET / HTTP/9.9\r\n\r\n", 421),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 421),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET /v1/status HTTP/1.0\r\n\r\n", 421),
    (b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", 400),
    (b"GET /\xff HTTP/1.1\r\n" + HEAD + b"\r\n", 400),
    (b"GET /v1/%00%ff%0d%0aX:y HTTP/1.1\r\n" + HEAD + b"\r\n", 404),
    (b"GET //evil.example/%2e%2e HTTP/1.1\r\n" + HEAD + b"\r\n", 404),
    (b"GET http://evil.example/v1/status HTTP/1.1\r\n" + HEAD + b"\r\n", 421),
    (b"GET http:///v1/status HTTP/1.1\r\n" + HEAD + b"\r\n", 421),
    (b"GET http://localhost@evil.example/v1/status HTTP/1.1\r\n" + HEAD + b"\r\n", 421),
    (b"GET ftp://localhost/v1/status HTTP/1.1\r\n" + HEAD + b"\r\n", 404),
    (b"GET /v1/status HTTP/1.1\r\n" + HEAD + b"A: " + b"a" * 20_000, 400),
    (b"GET /" + b"a" * 20_000, 400),
    (STOP + b"Content-Length: -1\r\n\r\n", 400),
    (STOP + b"Content-Length: 99999999999999999999\r\n\r\n{}", 413),
    (STOP + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (STOP + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (STOP + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"[" * 65536 + b"\r\n", None),
)


def test_garbage_is_answered_with_a_refusal(served: Daemon, impatient: Http) -> None:
    """Never with a fault, and never with silence; nothing of it reaches the daemon."""
    wrong = {}
    for garbage, status in GARBAGE:
        answer = sent(impatient, garbage)
        if status is not None and answer.split(b" ")[1:2] != [str(status).encode()]:
            wrong[garbage[:60]] = answer[:60]
    assert wrong == {}
    wait_until(lambda: answered(impatient), DEADLINE_S, "a call to be answered")
    assert served.status("p")["state"] == "RUNNING"


def test_what_is_asked_as_of_a_proxy_is_answered(http: Http) -> None:
    """A server takes the absolute form of a target (RFC 9112 3.2.2), by each name that it has."""
    for place in (b"http://localhost", b"HTTP://127.0.0.1:1"):
        answer = sent(http, b"GET " + place + b"/v1/status?target=p HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"p"' in answer


def test_who_has_said_all_is_answered(http: Http) -> None:
    """A client that shuts its side down behind its requests (nc -N) hears each answer, and then the end."""
    with closing(socket.create_connection((http.host, http.port), timeout=DEADLINE_S)) as connection:
        connection.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
        connection.shutdown(socket.SHUT_WR)
        assert read(connection).count(b"HTTP/1.1 200 ") == 3


def test_who_hangs_up_in_the_middle_is_not_waited_for(http: Http) -> None:
    """Of a request, or of a stream: there is nobody whom the rest would reach."""
    for begun in (STOP + b"Content-Length: 100\r\n\r\n{", b"GET /v1/st"):
        with closing(socket.create_connection((http.host, http.port), timeout=DEADLINE_S)) as connection:
            connection.sendall(begun)
            connection.shutdown(socket.SHUT_WR)
            assert read(connection) == b""
    with closing(socket.create_connection((http.host, http.port), timeout=DEADLINE_S)) as connection:
        connection.sendall(b"GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(10).startswith(b"HTTP/1.1 ")
        connection.shutdown(socket.SHUT_WR)
        read(connection)


def test_a_body_that_is_too_large_is_not_taken(http: Http) -> None:
    """In one piece or in many, told before or not: 413, and the connection is closed."""
    large = b"{" + b" " * (1 << 20) + b"}"
    assert b" 413 " in sent(http, STOP + b"Content-Length: %d\r\n\r\n" % len(large))
    chunks = b"".join(
        b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (large[at : at + 4096] for at in range(0, len(large), 4096))
    )
    assert sent(http, STOP + b"Transfer-Encoding: chunked\r\n\r\n" + chunks).split(b"\r\n")[0] in (
        b"HTTP/1.1 413 Request Entity Too Large",
        b"HTTP/1.1 413 Content Too Large",
        b"",
    )
    assert http.get("/v1/status").status == 200


def test_who_sends_slowly_is_hung_up_on(impatient: Http) -> None:
    """A head that never ends has its time, and a body too; a connection that says nothing is closed."""
    for begun in (b"", b"GET /v1/status HTTP/1.1\r\nHost: loc"):
        assert sent(impatient, begun) == b"", begun
    assert b" 408 " in sent(impatient, STOP + b"Content-Length: 10\r\n\r\n{")


def test_slow_ones_keep_nobody_out(impatient: Http) -> None:
    """More connections than there may be, none of which asks anything: who asks is answered."""
    with ExitStack() as held:
        for _ in range(60):
            connection = socket.create_connection((impatient.host, impatient.port), timeout=DEADLINE_S)
            held.callback(connection.close)
            connection.sendall(b"GET / HT")
        wait_until(lambda: answered(impatient), DEADLINE_S, "a call to be answered")


def test_bodies_that_do_not_arrive_keep_nobody_from_a_change(http: Http) -> None:
    """More of them than there are places for changes: who asks for one is answered."""
    with ExitStack() as held:
        for _ in range(MOST_CHANGES + 10):
            connection = socket.create_connection((http.host, http.port), timeout=DEADLINE_S)
            held.callback(connection.close)
            connection.sendall(STOP + b"Content-Length: 10\r\n\r\n{")
        assert http.get("/pause").status == 200


def test_who_never_reads_is_hung_up_on(impatient: Http) -> None:
    """200 clients that ask for streams and read nothing: calls are answered, and the places are free again."""
    with ExitStack() as held:
        for _ in range(200):
            connection = socket.socket()
            held.callback(connection.close)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            connection.settimeout(DEADLINE_S)
            connection.connect((impatient.host, impatient.port))
            connection.sendall(b"GET /v1/logs/follow?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait_until(lambda: answered(impatient), DEADLINE_S, "a call to be answered")
    wait_until(lambda: follows(impatient), DEADLINE_S, "a place to be free")


def answered(http: Http) -> bool:
    """A connection too many may be ours."""
    try:
        return http.get("/v1/status").status == 200
    except ConnectionError:
        return False


def follows(http: Http) -> bool:
    try:
        with http.events("/v1/watch"):
            return True
    except (AssertionError, ConnectionError):
        return False


def send_for_ever(connection: socket.socket, content: bytes) -> None:
    while True:
        connection.sendall(content)


def test_an_answer_that_nobody_reads_is_dropped(impatient: Http) -> None:
    """Requests without an end and no answer read: the server hangs up, and what it holds is bounded meanwhile."""
    with closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        connection.settimeout(DEADLINE_S)
        connection.connect((impatient.host, impatient.port))
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            send_for_ever(connection, request * 100)
    wait_until(lambda: answered(impatient), DEADLINE_S, "a call to be answered")

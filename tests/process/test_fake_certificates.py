"""Those who come to the TLS port of a real daemon with what they should not have."""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import pytest

from pipertd.ctl.certificates import client_certificate
from pipertd.rpc import authority_pb2, status_pb2
from pipertd.rpc.status_pb2 import GetDaemonRequest
from pipertd.rpc.status_pb2_grpc import StatusServiceStub
from tests.process.authorities import Authority, port, self_signed, signed
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@dataclass
class Served:
    """A daemon with a TLS port, and the CA that it trusts."""

    daemon: Daemon
    authority: Authority
    port: int

    def call(self, credentials: grpc.ChannelCredentials | None) -> status_pb2.GetDaemonResponse:
        """One call; RpcError where it is refused. Plain text without ``credentials``."""
        where = f"127.0.0.1:{self.port}"
        channel = grpc.secure_channel(where, credentials) if credentials else grpc.insecure_channel(where)
        with channel:
            return StatusServiceStub(channel).GetDaemon(GetDaemonRequest(), timeout=DEADLINE_S)

    def refusal(self, credentials: grpc.ChannelCredentials | None) -> grpc.StatusCode:
        with pytest.raises(grpc.RpcError) as refused:
            self.call(credentials)
        code: grpc.StatusCode = refused.value.code()
        return code

    def shown(self, certificate: Path, key: Path) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.authority.ca.read_bytes(), key.read_bytes(), certificate.read_bytes())


@pytest.fixture
def served(daemon: Daemon, tmp_path: Path) -> Served:
    authority = Authority(tmp_path)
    daemon.settings.write_text(authority.settings())
    daemon.start()
    return Served(daemon, authority, port(daemon))


def fakes(served: Served) -> Iterator[tuple[str, grpc.ChannelCredentials | None, str]]:
    """What each shows, and what the daemon says of it on its standard error."""
    own, other = served.authority, Authority(served.authority.folder, "other")
    yield "expired", served.shown(*own.client("anna", days=-1)), "certificate has expired"
    yield "of another CA", served.shown(*other.client("anna")), "unable to get local issuer certificate"
    yield "signed by itself", served.shown(*own.write("alone", self_signed("anna"))), "self signed certificate"
    yield "of a server", served.shown(*own.server(name="second")), "unsupported certificate purpose"
    yield "none", grpc.ssl_channel_credentials(own.ca.read_bytes()), "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    yield "plain text", None, "WRONG_VERSION_NUMBER"


def test_a_fake_does_not_pass_the_handshake_and_the_daemon_serves_on(served: Served) -> None:
    """Nobody gets an answer; the daemon's standard error says why each was refused; others are served as before."""
    errors = served.daemon.folder / "stderr"
    for what, credentials, why in fakes(served):
        assert served.refusal(credentials) is grpc.StatusCode.UNAVAILABLE, what
        wait_until(partial(_said, errors, why), DEADLINE_S, why)
        told = served.call(served.authority.credentials("anna"))
        assert told.daemon.role == authority_pb2.ROLE_ADMIN, what


def test_who_hangs_up_at_once_ends_nobody_else(served: Served) -> None:
    """Thousands of connections that are reset before TLS has begun: the daemon lives, and serves the next caller."""
    reset_when_closed = struct.pack("ii", 1, 0)
    for _ in range(3000):
        with socket.create_connection(("127.0.0.1", served.port), DEADLINE_S) as caller:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_when_closed)
    for _ in range(10):
        assert served.call(served.authority.credentials("anna")).daemon.role == authority_pb2.ROLE_ADMIN
    assert served.daemon.process is not None
    assert served.daemon.process.poll() is None


def test_pipertctl_says_what_is_wrong_with_a_certificate(served: Served) -> None:
    """One line and one exit code for each: before it connects where it can know, and behind what gRPC says else."""
    own, other = served.authority, Authority(served.authority.folder, "other")
    alone = own.write("alone", self_signed("anna"))
    for shown, code, words in (
        (own.client("anna", days=-1), 1, "it has expired at"),
        (own.server(name="second"), 1, "it was not made for a client"),
        (other.client("anna"), 3, f"which is not signed by {own.ca}"),
        (alone, 3, f"which is not signed by {own.ca}; another CA may know it\n"),
        (own.client("mallory"), 7, "the certificate of 'mallory' has no role"),
        (None, 3, "it hangs up; it takes TLS, perhaps (over TCP it takes --ca, --cert and --key"),
    ):
        files = ("--ca", str(own.ca), "--cert", str(shown[0]), "--key", str(shown[1])) if shown else ()
        done = served.daemon.ctl("--address", f"127.0.0.1:{served.port}", *files, "status")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done.stderr
        assert words in done.stderr


def test_a_daemon_of_another_ca_is_one_line(served: Served) -> None:
    """It is said once, and nobody asks whether what answered is running; gRPC has its say where it is told to."""
    own, other = served.authority, Authority(served.authority.folder, "another")
    certificate, key = own.client("anna")
    given = (
        "--address",
        f"localhost:{served.port}",
        "--ca",
        str(other.ca),
        "--cert",
        str(certificate),
        "--key",
        str(key),
    )
    done = served.daemon.ctl(*given, "status")
    said = f"cannot reach the daemon at localhost:{served.port}: its certificate is not signed by {other.ca}"
    assert (done.returncode, done.stderr) == (3, f"pipertctl: {said}\n")
    command = ["env", "GRPC_VERBOSITY=INFO", *served.daemon.ctl_command(*given, "status")]
    loud = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert "Handshake failed" in loud.stderr


def _said(file: Path, words: str) -> bool:
    return words in file.read_text()


def test_a_name_without_a_role_passes_the_handshake_and_no_call(served: Served) -> None:
    """It is refused in words, not by silence: its certificate is good, and somebody may want to give it a role."""
    assert served.refusal(served.authority.credentials("mallory")) is grpc.StatusCode.PERMISSION_DENIED


def test_a_name_that_begins_with_another_is_not_that_one(served: Served) -> None:
    """A zero in a name ends it for programs in C, and for nobody else: a CA that checks the rest has signed it."""
    own, name = served.authority, "anna\0.example"
    for odd in (signed(own.own, name), client_certificate(own.own, name)):
        assert served.refusal(served.shown(*own.write("odd", odd))) is grpc.StatusCode.PERMISSION_DENIED


def test_names_that_are_meant_to_harm_are_shown_and_do_nothing(served: Served) -> None:
    """Whatever stands in a certificate of our CA is one short line, for its owner and in the log."""
    for name, more in (("\x1b[2J\nStopPipeline p: OK", 0), ("x" * 64, 50)):
        credentials = served.shown(*served.authority.write("odd", signed(served.authority.own, name, names=more)))
        with pytest.raises(grpc.RpcError) as refused:
            served.call(credentials)
        words = refused.value.details() or ""
        assert "under [tls.roles]" in words
        assert words.isprintable()
    text = wait_until(partial(_said_twice, served.daemon.folder / "stderr", "GetDaemon: PERMISSION"), DEADLINE_S)
    assert all(line.isprintable() and len(line) < 1000 for line in text.splitlines())


def _said_twice(file: Path, words: str) -> str:
    text = file.read_text()
    return text if text.count(words) == 2 else ""


def test_old_tls_is_not_spoken(served: Served) -> None:
    """Somebody who knows no TLS newer than 1.1 is refused; with 1.2 he comes in."""
    certificate, key = served.authority.client("anna")
    for most, comes_in in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
        context = ssl.create_default_context(cafile=served.authority.ca)
        context.load_cert_chain(certificate, key)
        context.set_ciphers("ALL:@SECLEVEL=0")  # else OpenSSL itself refuses to speak 1.1
        context.set_alpn_protocols(["h2"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = most, most
        assert _shakes_hands(context, served.port) is comes_in, most
    wait_until(partial(_said, served.daemon.folder / "stderr", "UNSUPPORTED_PROTOCOL"), DEADLINE_S, "the reason")


def _shakes_hands(context: ssl.SSLContext, port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), DEADLINE_S) as raw:
        try:
            context.wrap_socket(raw, server_hostname="localhost").close()
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError):  # it hangs up without a word
            return False
    return True

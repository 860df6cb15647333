"""pipertd.client over TCP: who it is, whom it trusts, and clear words where the two ends do not agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from pipertd.client import AsyncClient, CertificateError, Client, ClientError, NotPermitted, Tls, Unreachable
from pipertd.ctl.certificates import server_certificate
from tests.process.authorities import Authority, port, unused_port
from tests.process.served import Daemon


def tls(authority: Authority, name: str, *, days: float = 1, ca: Path | None = None) -> Tls:
    return Tls(ca or authority.ca, *authority.client(name, days=days))


def test_a_certificate_opens_the_door_and_its_role_is_the_limit(daemon: Daemon, tmp_path: Path) -> None:
    """A call with a certificate is answered, blocking and awaited; what its role may not do is NotPermitted."""
    authority = Authority(tmp_path)
    daemon.settings.write_text(authority.settings())
    daemon.start()
    address = f"127.0.0.1:{port(daemon)}"
    with Client(address, tls=tls(authority, "olga")) as client:
        assert client.status.daemon().role == "observer"
        with pytest.raises(NotPermitted, match="it takes the role operator"):
            client.pipelines.reload()

    async def ask() -> str:
        async with AsyncClient(address, tls=tls(authority, "otto")) as client:
            await client.pipelines.reload()
            return (await client.status.daemon()).role

    assert asyncio.run(ask()) == "operator"
    other = Authority(tmp_path, "other")
    plain = Client(address)
    for refused, words in (
        (Client(address, tls=tls(other, "anna")), rf"its certificate is not signed by {other.ca}"),
        (Client(address, tls=tls(other, "anna", ca=authority.ca)), r"it does not take .*, which is not signed by"),
        (plain, "it takes TLS, perhaps"),
    ):
        with refused, pytest.raises(Unreachable, match=words):
            refused.status.get()
    authority.write("server", server_certificate(authority.own, ["elsewhere"], days=1))
    with Client(address, tls=tls(authority, "anna")) as client, pytest.raises(Unreachable, match="for another host"):
        client.status.get()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda a: Tls(a.ca, a.folder / "none.pem", a.folder / "none.key"), "none.pem: no such file"),
        (lambda a: tls(a, "anna", days=-1), "it has expired at"),
        (lambda a: Tls(a.ca, a.client("anna")[0], a.client("otto")[1]), "it is not the key of .*anna.pem"),
        (lambda a: Tls(a.client("anna")[1], *a.client("otto")), "it holds no certificate in PEM"),
        (lambda a: Tls(a.ca, *a.server()), "it was not made for a client"),
    ],
)
def test_a_certificate_that_cannot_serve_is_refused_before_anything_is_sent(
    spoil: Callable[[Authority], Tls], words: str, tmp_path: Path
) -> None:
    """Which file it is and why is said when the client is made, whether or not there is a daemon."""
    spoilt = spoil(Authority(tmp_path))
    with pytest.raises(CertificateError, match=words):
        Client("127.0.0.1:1", tls=spoilt)


def test_tls_is_for_tcp(tmp_path: Path) -> None:
    """TLS over a Unix socket is refused: it would be taken for a protection that is not there."""
    with pytest.raises(ValueError, match="cannot use TLS at unix:///run/p"):
        Client("/run/p", tls=tls(Authority(tmp_path), "anna"))


def test_a_watch_over_tls_goes_on_with_the_next_daemon(daemon: Daemon, tmp_path: Path) -> None:
    """A stream that a killed daemon left shakes hands with the next one, and goes on without a gap."""
    authority = Authority(tmp_path)
    where = f"127.0.0.1:{unused_port()}"
    daemon.settings.write_text(authority.settings().replace("127.0.0.1:0", where))
    daemon.start()
    port(daemon)
    lost: list[ClientError] = []
    with Client(where, tls=tls(authority, "olga")) as client:
        notices = client.status.watch(after_revision=0, on_lost=lost.append)
        seen = [next(notices)]
        daemon.kill()
        daemon.start()
        while len([each for each in seen if each.kind == "daemon_started"]) < 2:
            seen.append(next(notices))
    assert [each.revision for each in seen] == list(range(1, len(seen) + 1))
    assert lost

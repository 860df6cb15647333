"""The door over TCP: mutual TLS, where the role comes from the name in the caller's certificate."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import grpc

from pipertd.certificates import Purpose, days_left, names_of, read_pem
from pipertd.control.caller import Caller
from pipertd.control.doors import Place, claimed_uid
from pipertd.control.handling import Context
from pipertd.control.roles import Role
from pipertd.errors import CertificateError, cause_of

SOON_DAYS = 30
MOST_KNOWN = 256  # certificates whose names are kept: each call asks for them
MOST_SHOWN, LONGEST_SHOWN = 3, 100  # of the names in a certificate: its owner says what stands in it

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Files:
    """The PEM files of the daemon's side: its certificate, the key of that, and the CA that signs its callers'."""

    certificate: Path
    key: Path
    ca: Path

    def times(self) -> tuple[int, ...]:
        """When each was written; zero for one that is gone."""
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in (self.certificate, self.key, self.ca))

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        """What gRPC takes.

        Raises:
            CertificateError: they cannot be used now.
        """
        pem = read_pem(self.certificate, self.key, self.ca, Purpose.SERVER)
        if (days := days_left(pem.certificate)) < SOON_DAYS:
            logger.warning("certificate %s expires in %d days; put a new one in its place", self.certificate, days)
        return grpc.ssl_server_certificate_configuration([(pem.key, pem.certificate)], pem.ca)


class Renewed:
    """Certificates that are read again when their files change; gRPC asks before each handshake, on threads of its own.

    Files that cannot be used are logged once, and the certificate that was good stays.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._times = files.times()
        self.first = files.configuration()

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        """What the next handshakes go by, where that is new; None where nothing has changed.

        Never the same twice: gRPC would take the old one from under the handshakes that are under way, and its
        process dies of it when many are.
        """
        times = self._files.times()
        if times == self._times:
            return None
        self._times = times
        try:
            found = self._files.configuration()
        except CertificateError as reason:
            logger.error("%s; the certificate that was read before stays", reason)
            return None
        logger.info("certificate %s was read again", self._files.certificate)
        return found


class TlsDoor:
    """TCP. Without a certificate of the CA there is no handshake; without a role for its name there is no rpc."""

    def __init__(self, listen: str, files: Files, roles: Mapping[str, Role]) -> None:
        self._listen = listen
        self._files = files
        self._roles = roles

    def open(self, server: grpc.aio.Server) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be used.
            CertificateError: the files cannot.
        """
        renewed = Renewed(self._files)
        read_again: Any = renewed  # may return None, which its types do not know
        credentials = grpc.dynamic_ssl_server_credentials(renewed.first, read_again, require_client_authentication=True)
        taken = _obstacle(self._listen)
        if taken is not None and taken.errno == errno.EADDRINUSE:  # before gRPC says so on standard error as well
            raise OSError(f"cannot listen on {self._listen}: {cause_of(taken)}")
        try:
            port = server.add_secure_port(self._listen, credentials)
        except RuntimeError as reason:
            obstacle = _obstacle(self._listen)
            why = cause_of(obstacle) if obstacle is not None else reason
            raise OSError(f"cannot listen on {self._listen}: {why}") from None
        host, _, _ = self._listen.rpartition(":")
        logger.info("serving with TLS on %s:%d", host, port)

    def caller(self, context: Context) -> Caller:
        """The name in the certificate that has the highest role; all names where none has one."""
        names = _names(_certificate(context))
        named = max(names, key=lambda name: self._roles.get(name, 0), default="")
        role = self._roles.get(named)
        shown = [named] if role else [name[:LONGEST_SHOWN] for name in names[:MOST_SHOWN]]
        return Caller(
            role,
            door="tls",
            why=f"the certificate of {' or '.join(map(repr, shown)) or 'nobody'}",
            remedy="the daemon's settings give roles to names, under [tls.roles]",
            name=", ".join(shown),
            peer=unquote(context.peer()),  # gRPC escapes the brackets of IPv6
            claimed_uid=claimed_uid(context),
        )

    def place(self) -> Place:
        """Nobody can take a port away."""
        return Place.OURS

    def close(self) -> None:
        """A port goes with its server."""


def _certificate(context: Context) -> bytes:
    """In PEM. The names that gRPC itself reads end at the first zero: ``anna``, NUL, ``.example`` is ``anna`` to it."""
    told: Mapping[str, Iterable[bytes]] = context.auth_context()
    return b"".join(told.get("x509_pem_cert", ()))


@lru_cache(maxsize=MOST_KNOWN)
def _names(certificate: bytes) -> tuple[str, ...]:
    """The names in a certificate that was verified; none where they cannot be read."""
    try:
        return names_of(certificate)
    except ValueError as reason:
        logger.warning("cannot read the names in the certificate of a caller: %s", reason)
        return ()


def _obstacle(listen: str) -> OSError | None:
    """Why nobody can listen at any address of that name; gRPC does not tell."""
    host, _, port = listen.rpartition(":")
    obstacle: OSError | None = None
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as reason:
        return reason
    for family, kind, protocol, _, address in found:
        try:
            with socket.socket(family, kind, protocol) as attempt:
                attempt.setsockopt(
                    socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
                )  # as gRPC: what was closed holds nobody up
                attempt.bind(address)
        except OSError as reason:
            obstacle = reason
        else:
            return None
    return obstacle

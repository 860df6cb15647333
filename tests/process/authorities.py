"""CAs, certificates and settings for tests of the door over TCP."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipertd.ctl.certificates import Identity, client_certificate, new_ca, server_certificate
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

ROLES = {"observer": ["olga"], "operator": ["otto"], "admin": ["anna"]}


class Authority:
    """A CA with a folder for all that it signs."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self.own = new_ca(name)
        self.ca, _ = self.own.write(self.folder, "ca")

    def server(self, *, name: str = "server", days: float = 1) -> tuple[Path, Path]:
        return self.write(name, server_certificate(self.own, ["localhost", "127.0.0.1"], days=days))

    def client(self, name: str, *, days: float = 1) -> tuple[Path, Path]:
        return self.write(name, client_certificate(self.own, name, days=days))

    def write(self, name: str, identity: Identity) -> tuple[Path, Path]:
        for ending in ("pem", "key"):
            (self.folder / f"{name}.{ending}").unlink(missing_ok=True)
        return identity.write(self.folder, name)

    def settings(self, roles: Mapping[str, Sequence[str]] = ROLES) -> str:
        """The settings of a daemon that is reached over TCP, at a port that is free."""
        certificate, key = self.server()
        names = "".join(f"{role} = {json.dumps(given)}\n" for role, given in roles.items())
        files = f'certificate = "{certificate}"\nkey = "{key}"\nca = "{self.ca}"\n'
        return f'[tls]\nlisten = "127.0.0.1:0"\n{files}[tls.roles]\n{names}'

    def credentials(self, name: str) -> grpc.ChannelCredentials:
        """Of a client that trusts this CA."""
        certificate, key = self.client(name)
        return grpc.ssl_channel_credentials(self.ca.read_bytes(), key.read_bytes(), certificate.read_bytes())


def self_signed(name: str) -> Identity:
    """A client's certificate that nobody but itself has signed."""
    return signed(None, name)


def signed(ca: Identity | None, name: str, *, names: int = 0) -> Identity:
    """A certificate as no careful CA would sign it: any name, and many more."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = ca.certificate.subject if ca else subject
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    lasting = builder.not_valid_before(now - dt.timedelta(hours=1)).not_valid_after(now + dt.timedelta(days=1))
    if names:
        more = [x509.UniformResourceIdentifier(f"x:\n{'y' * 100}{number}") for number in range(names)]
        lasting = lasting.add_extension(x509.SubjectAlternativeName(more), critical=False)
    return Identity(lasting.sign(ca.key if ca else key, hashes.SHA256()), key)


def unused_port() -> int:
    """A port that is free, and that the kernel gives nobody who asks for any."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for number in random.sample(range(1024, first), 100):
        with suppress(OSError), socket.socket() as attempt:
            attempt.bind(("127.0.0.1", number))
            return number
    raise AssertionError(f"of a hundred ports below {first} none is free")


def port(daemon: Daemon) -> int:
    """Where ``daemon`` listens, when it does."""
    told = daemon.folder / "stderr"
    found = wait_until(
        lambda: re.findall(r"serving with TLS on 127\.0\.0\.1:(\d+)", told.read_text()), DEADLINE_S, "a port"
    )
    return int(found[-1])

"""Making certificates: a CA of one's own, one for the daemon, and one for each role."""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

CA_DAYS = 3650
DAYS = 398  # the longest that browsers take, and short enough to be renewed by habit
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")  # of a host's name; a letter beyond ASCII is written xn--…
_LONGEST_HOST, _LONGEST_COMMON_NAME = 253, 64
_EARLY = dt.timedelta(hours=1)  # clocks differ


@dataclass(frozen=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @staticmethod
    def read(folder: Path, name: str) -> Identity:
        """Read what ``write`` wrote. OSError where it is not there, ValueError where it is something else."""
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{folder / name}.key is no key of the kind that pipertctl makes")
        return Identity(x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes()), key)

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write NAME.pem, and NAME.key for its owner alone, or neither. FileExistsError where there is one."""
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        secret = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with ExitStack() as undo:
            _write_new(certificate, self.certificate.public_bytes(serialization.Encoding.PEM), 0o644, undo)
            _write_new(key, secret, 0o600, undo)
            undo.pop_all()
        return certificate, key


def new_ca(name: str, *, days: float = CA_DAYS) -> Identity:
    """A CA that signs itself, and may sign certificates that sign nothing."""
    key, subject = _key(), _named(name)
    builder = (
        _builder(subject, subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
    )
    return Identity(builder.sign(key, hashes.SHA256()), key)


def server_certificate(ca: Identity, hosts: Sequence[str], *, days: float = DAYS) -> Identity:
    """For a daemon that is reached under ``hosts``, names or addresses; ValueError where one is neither."""
    return _signed(ca, hosts[0], [_host(each) for each in hosts], ExtendedKeyUsageOID.SERVER_AUTH, days)


def client_certificate(ca: Identity, name: str, *, days: float = DAYS) -> Identity:
    """For somebody whom the daemon's settings know as ``name``."""
    return _signed(ca, name, [x509.DNSName(name)], ExtendedKeyUsageOID.CLIENT_AUTH, days)


def _signed(
    ca: Identity, name: str, alternatives: Sequence[x509.GeneralName], use: ObjectIdentifier, days: float
) -> Identity:
    key = _key()
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    builder = (
        _builder(_named(name), ca.certificate.subject, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(issuer, critical=False)
    )
    return Identity(builder.sign(ca.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: float
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    end = now + dt.timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - _EARLY)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_LONGEST_COMMON_NAME])])


def _host(host: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(host))
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in host.removeprefix("*.").split(".")):
        raise ValueError(
            f"{host!r} is no name of a host and no IP address; give what clients write in front of the port, "
            "as in --host cam7.example or --host 192.0.2.7"
        )
    return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _write_new(file: Path, data: bytes, mode: int, undo: ExitStack) -> None:
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    undo.callback(file.unlink)
    with os.fdopen(fd, "wb") as there:
        there.write(data)

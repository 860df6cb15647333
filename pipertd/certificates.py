"""Certificates and their keys: read from PEM files and judged, before TLS says no in fewer words.

The daemon looks at its own before it serves, a client at its own before it connects. Whom a certificate is trusted by
is OpenSSL's to decide, in the handshake; what stands here finds the common mistakes and names the file.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipertd.errors import CertificateError, cause_of


class Purpose(Enum):
    """What a certificate is shown for."""

    SERVER = ExtendedKeyUsageOID.SERVER_AUTH
    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


class Pem(NamedTuple):
    """What the three files hold, as TLS takes it."""

    certificate: bytes
    key: bytes
    ca: bytes


def read_pem(certificate: Path, key: Path, ca: Path, purpose: Purpose) -> Pem:
    """The files of one side of a connection, if they can be used now.

    Raises:
        CertificateError: one is missing or not what it should be, others may read the key, the key belongs to another
            certificate, or the certificate or its CA is not valid now, or it was not made for ``purpose``.
    """
    pem = Pem(_read(certificate), _read(key), _read(ca))
    _check_time(ca, max(_certificates(ca, pem.ca), key=lambda each: each.not_valid_after_utc))  # a bundle has old ones
    own = _certificates(certificate, pem.certificate)[0]
    _check_time(certificate, own)
    _check_purpose(certificate, own, purpose)
    _check_key(key, pem.key, certificate, own)
    return pem


def is_signed_by(certificate: bytes, ca: bytes) -> bool:
    """Whether a certificate, or one of those that come with it in its file, was signed by one of ``ca``."""
    return any(
        _has_signed(one, each)
        for each in x509.load_pem_x509_certificates(certificate)
        for one in x509.load_pem_x509_certificates(ca)
    )


def days_left(certificate: bytes) -> int:
    """How many whole days a certificate is valid from now."""
    return (x509.load_pem_x509_certificate(certificate).not_valid_after_utc - dt.datetime.now(dt.UTC)).days


def names_of(certificate: bytes) -> tuple[str, ...]:
    """What a certificate may be called by: its DNS names and URIs; its common name only where it has neither."""
    own = x509.load_pem_x509_certificate(certificate)
    try:
        told = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        told = x509.SubjectAlternativeName([])
    kinds = (x509.DNSName, x509.UniformResourceIdentifier)
    found = [str(name) for kind in kinds for name in told.get_values_for_type(kind)]
    return tuple(found or (str(each.value) for each in own.subject.get_attributes_for_oid(NameOID.COMMON_NAME)))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as reason:
        raise CertificateError(f"cannot use {file}: {cause_of(reason)}") from None


def _certificates(file: Path, data: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise CertificateError(f"cannot use {file}: it holds no certificate in PEM") from None


def _check_time(file: Path, own: x509.Certificate) -> None:
    now = dt.datetime.now(dt.UTC)
    if now > own.not_valid_after_utc:
        raise CertificateError(f"cannot use {file}: it has expired at {own.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
    if now < own.not_valid_before_utc:
        raise CertificateError(
            f"cannot use {file}: it is valid from {own.not_valid_before_utc:%Y-%m-%d %H:%M} UTC; is the clock right?"
        )


def _check_purpose(file: Path, own: x509.Certificate, purpose: Purpose) -> None:
    try:
        uses = own.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return  # for everything
    if purpose.value not in uses and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in uses:
        raise CertificateError(f"cannot use {file}: it was not made for a {purpose.name.lower()}")


def _check_key(file: Path, data: bytes, certificate: Path, own: x509.Certificate) -> None:
    if file.stat().st_mode & 0o007:
        raise CertificateError(f"cannot use {file}: others may use this key; chmod o= {file}")
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        raise CertificateError(f"cannot use {file}: it is locked with a password") from None
    except ValueError:
        raise CertificateError(f"cannot use {file}: it holds no private key in PEM") from None
    if key.public_key() != own.public_key():
        raise CertificateError(f"cannot use {file}: it is not the key of {certificate}")


def _has_signed(ca: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True

"""What the server is told when it starts, checked before anything listens."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pipertd.client import Tls
from pipertd.client.address import Address
from pipertd.cockpit.tokens import Tokens
from pipertd.errors import SettingsError

DEFAULT_LISTEN = "127.0.0.1:7480"


@dataclass(frozen=True)
class Settings:
    """How to serve.

    Attributes:
        host: an address or a name; ``port`` 0 means any that is free.
        address: of the daemon, None for that of the environment or of this machine; ``tls`` says who calls it.
        names: under which the server may be called, beside its addresses.
        origins: of pages that may ask, beside its own, as ``https://panel.example``.
        certificate: with its ``key``, for TLS; without one HTTP is spoken in the clear.
    """

    host: str
    port: int
    address: str | None = None
    tls: Tls | None = None
    tokens: Tokens = field(default_factory=Tokens)
    names: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None

    def check(self) -> None:
        """Refuse what would be open to all, or could never work.

        Raises:
            CertificateError: a file of ``tls`` cannot be used.
            SettingsError: it is so in another way.
        """
        try:
            Address(self.address, self.tls)
        except ValueError as reason:
            raise SettingsError(str(reason)) from None
        if self.tls is not None:
            self.tls.credentials()
        if not self.tokens and not self.is_local:
            raise SettingsError(
                f"cannot listen on {self.host} without a token: whoever reaches it could do anything; "
                "give --control-token or --read-token, or listen on 127.0.0.1"
            )
        if (self.certificate is None) is not (self.key is None):
            raise SettingsError("cannot speak TLS: a certificate and its key are both needed")
        for origin in self.origins:
            parts = urlsplit(origin)
            if (
                parts.scheme not in ("http", "https")
                or origin != f"{parts.scheme}://{parts.netloc}"
                or not parts.netloc
            ):
                raise SettingsError(
                    f"cannot allow origin {origin}: it is written https://HOST or https://HOST:PORT, and * is none"
                )

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return all(ipaddress.ip_address(address).is_loopback for address in self.addresses)

    @property
    def addresses(self) -> list[str]:
        """What ``host`` means.

        Raises:
            SettingsError: it is none.
        """
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as reason:
            raise SettingsError(f"cannot listen on {self.host}: {reason.strerror or reason}") from None
        return list(dict.fromkeys(str(each[4][0]).partition("%")[0] for each in found))


def listen_of(text: str) -> tuple[str, int]:
    """``HOST:PORT``, ``[ADDRESS]:PORT`` or ``:PORT``, which is every address.

    Raises:
        SettingsError: it is none.
    """
    host, colon, port = text.rpartition(":")
    if not (colon and port.isascii() and port.isdecimal() and int(port) < 65536):
        raise SettingsError(f"cannot listen on {text}: it is written HOST:PORT, such as {DEFAULT_LISTEN}")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - as asked for, and not without a token

"""Mutual TLS from the client's side: who it is, whom it trusts, and why a handshake may have failed.

A daemon that takes no certificate hangs up without a word, so what can be wrong with ours is looked at here.
"""

from __future__ import annotations

from pathlib import Path

import grpc
from msgspec import Struct


class Tls(Struct, frozen=True):
    """Three PEM files: the CA that signed the daemon's certificate, one's own certificate, and its key."""

    ca: Path | str
    certificate: Path | str
    key: Path | str

    def credentials(self) -> grpc.ChannelCredentials:
        """What a channel is made with.

        Raises:
            CertificateError: a file is missing or not what it should be, others may read the key, the key belongs to
                another certificate, or the certificate is not valid now or was not made for a client.
        """
        from pipertd.certificates import Purpose, read_pem  # here: who calls over a socket needs no cryptography

        pem = read_pem(Path(self.certificate), Path(self.key), Path(self.ca), Purpose.CLIENT)
        return grpc.ssl_channel_credentials(pem.ca, pem.key, pem.certificate)

    def obstacle(self, details: str) -> str:
        """Why the daemon cannot be reached, from gRPC's ``details``; empty where it is not the handshake."""
        if "WRONG_VERSION_NUMBER" in details:
            return "it does not speak TLS"
        if "is not in peer certificate" in details or "Hostname Verification" in details:
            return "its certificate is for another host"
        if "certificate has expired" in details:
            return "its certificate has expired"
        if "CERTIFICATE_VERIFY_FAILED" in details:
            return f"its certificate is not signed by {self.ca}"
        if "Socket closed" not in details and "onnection reset" not in details:
            return ""
        from pipertd.certificates import is_signed_by

        if is_signed_by(Path(self.certificate).read_bytes(), Path(self.ca).read_bytes()):
            return f"it does not take {self.certificate}; its log says why"
        return f"it does not take {self.certificate}, which is not signed by {self.ca}; another CA may know it"

"""Credentials: secrets that a service manager lays out as files, for the routines of definitions that name them.

They are read from there when a routine asks, so that none is ever in a variable of the environment, in an argument, or
in what the daemon tells a flow.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from pipertd.errors import CredentialMissing
from pipertd.names import nearest
from pipertd.protocol import CREDENTIALS_DIRECTORY


class Credential:
    """One secret, which shows itself in no log and no traceback: say ``text`` or ``content`` where it is used.

    Source: pydantic's SecretStr.
    """

    __slots__ = ("_content", "name")

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self._content = content

    @property
    def content(self) -> bytes:
        """Its bytes, as they are."""
        return self._content

    @property
    def text(self) -> str:
        """Its text, in UTF-8, without the end of line that an editor leaves behind it."""
        try:
            return self._content.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise ValueError(f"cannot read credential {self.name} as text: it is no UTF-8; use .content") from None

    def __repr__(self) -> str:
        return f"<credential {self.name}>"

    def __format__(self, _: str) -> str:
        """In an f-string it would be meant, and not be there."""
        raise TypeError(f"cannot write credential {self.name} into text: say .text if it belongs there")


class Credentials:
    """Those of a flow."""

    def __init__(self, named: Collection[str] | None = None) -> None:
        """``named`` are those that its definition names; outside of a flow, where None does, all that are there."""
        self._named = named

    def read(self, name: str) -> Credential:
        """The credential of that name.

        Raises:
            CredentialMissing: the definition does not name it, or it is not there.
        """
        if self._named is not None and name not in self._named:
            why = f"its pipeline's definition does not name it: add it to `credentials`{nearest(name, self._named)}"
            raise CredentialMissing(f"cannot read credential {name}: {why}")
        folder = os.environ.get(CREDENTIALS_DIRECTORY)
        if not folder:
            elsewhere = f"elsewhere set {CREDENTIALS_DIRECTORY}"
            why = f"there is no folder of them: under systemd LoadCredential= makes one, {elsewhere}"
            raise CredentialMissing(f"cannot read credential {name}: {why}")
        try:
            return Credential(name, (Path(folder) / name).read_bytes())
        except OSError as reason:
            raise CredentialMissing(f"cannot read credential {name}: {reason}") from reason

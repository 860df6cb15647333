"""Tokens: who may read, and who may control. They are compared without telling by time how much of one is right."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable
from pathlib import Path

from pipertd.cockpit.rpcs import Right
from pipertd.errors import SettingsError, cause_of

SHORTEST = 16  # characters
CREDENTIALS = {"pipertd-http-read": Right.READ, "pipertd-http-control": Right.CONTROL}  # of systemd, by their names
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # what may stand behind Bearer: RFC 6750
_READABLE_BY_OTHERS = 0o004


class Tokens:
    """All that there are, as digests: the tokens themselves are nowhere, so that nothing can print them."""

    def __init__(self, files: Iterable[tuple[Path, Right]] = ()) -> None:
        """``files`` have one token a line, each with what it gives the right to.

        Raises:
            SettingsError: a file cannot be read, or others may read it; it has no token, or one that is none.
        """
        self._rights = [(_digest(token), right) for file, right in files for token in _tokens_in(file)]

    def __bool__(self) -> bool:
        return bool(self._rights)

    def right_of(self, token: str) -> Right:
        """What it gives the right to; nothing where it is none of these. All are compared, whichever it is."""
        given, found = _digest(token), Right.NOTHING
        for digest, right in self._rights:
            if hmac.compare_digest(digest, given):
                found = max(found, right)
        return found


def credentials() -> list[tuple[Path, Right]]:
    """The files that systemd hands to the service."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return []
    files = [(Path(folder) / name, right) for name, right in CREDENTIALS.items()]
    return [(file, right) for file, right in files if file.exists()]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _tokens_in(file: Path) -> list[str]:
    try:
        with file.open(encoding="ascii") as opened:
            is_open_to_all = os.fstat(opened.fileno()).st_mode & _READABLE_BY_OTHERS
            tokens = [line.strip() for line in opened if line.strip()]
    except OSError as reason:
        raise SettingsError(f"cannot read the tokens in {file}: {cause_of(reason)}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"cannot read the tokens in {file}: they are letters, digits and -._~+/= only") from None
    if is_open_to_all:
        raise SettingsError(f"cannot use the tokens in {file}: everybody may read them; do `chmod o= {file}`")
    if not tokens:
        raise SettingsError(f"cannot use {file}: there is no token in it; `openssl rand -hex 32` makes one")
    for number, token in enumerate(tokens, 1):
        if len(token) < SHORTEST or not _TOKEN.fullmatch(token):
            raise SettingsError(
                f"cannot use token {number} in {file}: it has {SHORTEST} letters, digits and -._~+/= at least; "
                "`openssl rand -hex 32` makes one"
            )
    return tokens

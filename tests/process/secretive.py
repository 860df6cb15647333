"""A routine that has a secret, and speaks of it as carelessly as code does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from pipertd import DestinationRoutine


class Knock(DestinationRoutine):
    """Writes down the fingerprint of its secret; logs it, prints it, and fails of it."""

    file: Path

    def setup(self) -> None:
        self.password = self.credential("password")
        self.logger.warning("knocks with %s", self.password)
        print(self.password)
        self.file.write_text(hashlib.sha256(self.password.content).hexdigest())

    def main_logic(self, data: Any) -> None:
        raise ValueError(self.password)

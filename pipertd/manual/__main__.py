"""``python -m pipertd.manual FOLDER``: write the manual pages there."""

from __future__ import annotations

import sys
from pathlib import Path

from pipertd.manual.pages import pages


def main() -> None:
    """Write every page."""
    (folder,) = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages().items():
        (folder / name).write_text(content)


if __name__ == "__main__":
    main()

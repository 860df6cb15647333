"""What lies in the state directory and cannot be read: moved out of the way and kept, in the place of what was before.

So it takes no more room than the file itself, however often that is damaged.
"""

from __future__ import annotations

import logging
from pathlib import Path

from pipertd.errors import cause_of

logger = logging.getLogger(__name__)


def set_aside(path: Path) -> Path:
    """Give it another name, under which nobody of ours looks for it; where that cannot be done it stays."""
    aside = path.with_name(f"{path.name}.aside")
    try:
        return path.replace(aside)
    except OSError as reason:
        logger.error("cannot set %s aside: %s", path, cause_of(reason))
        return path

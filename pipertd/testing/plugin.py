"""pytest's part: the fixture ``golden``, and the option ``--update-golden``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

_OPTION = "--update-golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Said to pytest at its start."""
    parser.getgroup("pipertd").addoption(_OPTION, action="store_true", help="write golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """``golden(messages, "NAME.json")`` as in pipertd.testing, with the file beside the test."""
    from pipertd.testing.golden import golden as compare

    update = True if request.config.getoption(_OPTION) else None
    return partial(_beside, request.path.parent, partial(compare, update=update))


def _beside(folder: Path, compare: Callable[..., None], messages: Any, file: str | Path, **tolerance: float) -> None:
    __tracebackhide__ = True
    compare(messages, folder / file, **tolerance)

from __future__ import annotations

import io

import pytest
from matplotlib.figure import Figure


@pytest.fixture(scope="session", autouse=True)
def _fonts_are_open() -> None:
    """Matplotlib keeps the fonts that it once used open for the life of the process; no test shall be blamed for it."""
    figure = Figure()
    figure.suptitle("text")
    figure.savefig(io.BytesIO())

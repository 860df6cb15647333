"""What a look is refused for before anything is sent."""

from __future__ import annotations

import pytest

from pipertd.client import Client


def test_a_form_that_is_none_is_refused_with_those_that_are() -> None:
    """It is the caller's mistake, like a target that is none; no daemon is asked."""
    with Client("/nowhere") as client, pytest.raises(ValueError, match="'gif': the form is one of messagepack, png"):
        client.taps.look("p", "camera", "sink", form="gif")

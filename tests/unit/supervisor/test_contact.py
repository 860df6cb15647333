"""When a flow that lives is asked whether it hears, and when it is given up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipertd.supervisor.contact import Contact, Finding


def looks(contact: Contact, times_s: Sequence[float], *, connected: bool = True, lives: bool = True) -> list[Finding]:
    return [contact.look(now_s, 4.0, connected=connected, lives=lives) for now_s in times_s]


SECONDS = [1.0, 2.0, 3.0, 4.0, 5.0]
NOTHING, ASK, LOST = Finding


def test_silent_flow_is_asked_and_then_lost() -> None:
    """Half-way it is asked, once; without an answer it is lost behind the deadline."""
    assert looks(Contact(0.0), SECONDS) == [NOTHING, ASK, NOTHING, NOTHING, LOST]


def test_answer_begins_anew() -> None:
    """Whoever answered is asked again only when it was silent for as long again."""
    contact = Contact(0.0)
    assert looks(contact, [1.0, 2.0]) == [NOTHING, ASK]
    contact.heard()
    assert looks(contact, [3.0, 4.0, 5.0]) == [NOTHING, ASK, NOTHING]


def test_flow_that_does_not_dial_is_lost() -> None:
    """Whoever is not connected cannot be asked."""
    assert looks(Contact(0.0), SECONDS, connected=False) == [NOTHING] * 4 + [LOST]


def test_silence_does_not_count_without_a_sign_of_life() -> None:
    """A flow that is held as a whole is the watchdogs' business."""
    assert looks(Contact(0.0), range(1, 100), lives=False) == [NOTHING] * 99


@pytest.mark.parametrize("connected", [True, False])
def test_daemon_that_was_held_blames_nobody(connected: bool) -> None:
    """A look that comes hours late counts as one in time."""
    contact = Contact(0.0)
    looks(contact, [1.0], connected=connected)
    assert LOST not in looks(contact, [7200.0, 7200.1], connected=connected)

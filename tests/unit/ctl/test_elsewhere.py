"""Words of other command lines."""

from __future__ import annotations

import click
import pytest

from pipertd.ctl.app import app
from pipertd.ctl.elsewhere import COMMANDS, OPTIONS, meant_by


def wrong(*arguments: str) -> click.UsageError:
    """What click says of a command line."""
    with pytest.raises(click.UsageError) as raised, app.make_context("pipertctl", [*arguments]) as context:
        app.invoke(context)
    return raised.value


@pytest.mark.parametrize("word", COMMANDS)
def test_a_command_from_elsewhere_is_none_here_and_what_it_stands_for_is_one(word: str) -> None:
    """Nobody is sent from a word that works, nor to one that does not."""
    assert word not in app.entries
    assert {each.split()[0] for each in COMMANDS[word]} <= {*app.entries, "-h"}
    assert list(meant_by(wrong(word))) == list(COMMANDS[word])


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("status", "--json"), ["-o json"]),
        (("status", "-w"), ["--watch"]),
        (("logs", "--tail", "3"), ["-n"]),
        (("logs", "--levle", "info"), ["--level", "--help"]),
        (("dokter",), ["doctor"]),
        (("quarantine", "ls"), ["list"]),
    ],
    ids=str,
)
def test_what_somebody_may_have_meant(arguments: tuple[str, ...], meant: list[str]) -> None:
    """What the word means elsewhere, or else what is near by its letters."""
    assert list(meant_by(wrong(*arguments))) == meant


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_is_named_only_where_the_command_has_it(option: str) -> None:
    """``version`` has none but those of the whole command line."""
    command = app.get_command(click.Context(app), "version")
    assert command is not None
    known = {name for each in command.params for name in each.opts}
    assert {each.split()[0] for each in meant_by(wrong("version", option))} <= known

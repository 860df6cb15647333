"""What the pages hold beside what the programs say of themselves."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click

import pipertd
from pipertd.ctl.exits import MEANINGS
from pipertd.definition.json_schema import json_schema
from pipertd.manual import commands, definition, roff, settings

_PIPERTCTL = """\
pipertctl talks to a running pipertd, over its socket or over TCP. A TARGET is written PIPELINE[/FLOW[/ROUTINE]].
Tables are for people; `-o json` and `-o yaml` print documents, whose schema `pipertctl schema` shows: fields are added
to them, and none is renamed, removed or given another meaning.

The options of the whole command line may stand before the command or behind it."""
_PIPERTD = """\
pipertd runs pipelines of Python code as processes that it watches, restarts and never lets lose a message unseen.
`pipertd serve` is the daemon, started by systemd(1) and steered by pipertctl(1). `pipertd run` runs one definition in
the foreground, to its end."""
_DEFINITION = """\
A definition says what runs in which process and what passes between them. It is a YAML file, read from
/usr/lib/pipertd/pipelines.d, /etc/pipertd/pipelines.d and /run/pipertd/pipelines.d: a file of the same name in a later
folder replaces one in an earlier, an empty one masks it, and files in NAME.yaml.d are merged over NAME.yaml. `pipertctl
check` says every mistake with its line. A duration is written like 100ms, 5s, 2min or 1h; a size like 64K, 256M or 2G,
in powers of 1024."""
_PIPERTD_HTTP = """\
pipertd-http carries the API of a daemon over HTTP: JSON for programs and pages, server-sent events for what happens,
and the routes of PipeRT2. It is a client of the daemon in a process of its own. What it can be asked stands in /docs of
each server, and in /openapi.json for programs.

It listens on 127.0.0.1, where every user of the machine may do what its address may. Elsewhere it does not start
without a token, which is sent as `Authorization: Bearer TOKEN`. A file of tokens has one a line, of 16 characters at
least, and others may not read it; `openssl rand -hex 32` makes one."""
_HTTP_STATUS = {
    "0": "It was told to end.",
    "1": "It cannot serve, for the reason that it says.",
    "2": "The command line cannot be understood.",
}
_HTTP_VARIABLES = {
    "PIPERTD_ADDRESS": "The daemon, where `--address` is not given.",
    "CREDENTIALS_DIRECTORY": "Of systemd: the files pipertd-http-read and pipertd-http-control in it hold tokens.",
}
_SIGNALS = {
    "SIGTERM, SIGINT": "Stop everything, in the order of the links, and end.",
    "SIGUSR1": "Leave: the flows run on, and the next daemon adopts them.",
    "SIGHUP": "Read all definitions again, as `pipertctl reload`.",
}
_FILES = {
    "/run/pipertd/control.sock": "Where pipertctl talks to the daemon; members of its group may.",
    "/run/pipertd/observe.sock": "The same for those who may look and not touch.",
    "/etc/pipertd/pipertd.toml": "The daemon's settings: see pipertd.toml(5).",
    "/etc/pipertd/pipelines.d/*.yaml": "Definitions: see pipertd.pipeline(5).",
    "/var/lib/pipertd": "Logs, notices, and messages in quarantine.",
}
_COLOURS = {
    "NO_COLOR": "No colours.",
    "FORCE_COLOR": "Colours also where no terminal reads.",
}
_RUN_STATUS = {
    "0": "Nothing failed; or the daemon was told to end.",
    "1": "Something failed, or the daemon cannot serve.",
    "2": "The command line cannot be understood.",
    "5": "The definition is invalid.",
}


def pages() -> dict[str, str]:
    """All of them, by the names of their files."""
    return {
        "pipertctl.1": "\n".join(_of_pipertctl()) + "\n",
        "pipertd.8": "\n".join(_of_pipertd()) + "\n",
        "pipertd-http.8": "\n".join(_of_pipertd_http()) + "\n",
        "pipertd.pipeline.5": "\n".join(_of_definitions()) + "\n",
        "pipertd.toml.5": "\n".join(_of_settings()) + "\n",
    }


def _of_pipertctl() -> Iterator[str]:
    app = _group("pipertd.ctl.app")
    yield from _head("pipertctl", 1, "see and steer the pipelines of a pipertd daemon")
    yield from commands.synopsis(app, "pipertctl")
    yield from _section("DESCRIPTION", roff.paragraphs(_PIPERTCTL))
    yield from _section("OPTIONS", commands.options(app))
    yield from _section("COMMANDS", commands.commands(app, "pipertctl"))
    yield from _section("EXIT STATUS", _items({str(code): meaning for code, meaning in MEANINGS.items()}))
    yield from _section("ENVIRONMENT", [*commands.variables(app), *_items(_COLOURS)])
    yield from _section("FILES", _items(dict(list(_FILES.items())[:2])))
    yield from _section("SEE ALSO", roff.paragraphs("pipertd(8), pipertd.pipeline(5), journalctl(1)"))


def _of_pipertd() -> Iterator[str]:
    app = _group("pipertd.daemon.__main__")
    yield from _head("pipertd", 8, "real-time analytics pipelines as a service")
    yield from commands.synopsis(app, "pipertd")
    yield from _section("DESCRIPTION", roff.paragraphs(_PIPERTD))
    yield from _section("OPTIONS", commands.options(app))
    yield from _section("COMMANDS", commands.commands(app, "pipertd"))
    yield from _section("SIGNALS", _items(_SIGNALS))
    yield from _section("EXIT STATUS", _items(_RUN_STATUS))
    yield from _section("FILES", _items(_FILES))
    yield from _section(
        "SEE ALSO", roff.paragraphs("pipertctl(1), pipertd.toml(5), pipertd.pipeline(5), systemd.service(5)")
    )


def _of_pipertd_http() -> Iterator[str]:
    app: Any = import_module("pipertd.cockpit.__main__").app
    yield from _head("pipertd-http", 8, "the API of a pipertd daemon over HTTP")
    yield f"{roff.bold('pipertd-http')} [OPTIONS]"
    yield from _section("DESCRIPTION", roff.paragraphs(_PIPERTD_HTTP))
    yield from _section("OPTIONS", commands.options(app))
    yield from _section("EXIT STATUS", _items(_HTTP_STATUS))
    yield from _section("ENVIRONMENT", _items(_HTTP_VARIABLES))
    yield from _section("SEE ALSO", roff.paragraphs("pipertd(8), pipertctl(1), systemd.exec(5)"))


def _of_definitions() -> Iterator[str]:
    example = Path(pipertd.__file__).parent / "examples" / "street.yaml"
    yield from _head("pipertd.pipeline", 5, "what a pipeline of pipertd is made of")
    yield from roff.paragraphs("/etc/pipertd/pipelines.d/`NAME`.yaml")
    yield from _section("DESCRIPTION", roff.paragraphs(_DEFINITION))
    yield from _section("KEYS", definition.keys(json_schema()))
    yield from _section("EXAMPLE", roff.literal(example.read_text()))
    yield from _section("SEE ALSO", roff.paragraphs("pipertctl(1), pipertd(8)"))


def _of_settings() -> Iterator[str]:
    file = (Path(pipertd.__file__).parent / "daemon" / "pipertd.toml").read_text()
    yield from _head("pipertd.toml", 5, "settings of the pipertd daemon")
    yield from roff.paragraphs("/etc/pipertd/pipertd.toml")
    yield from _section("DESCRIPTION", roff.paragraphs(settings.introduction(file)))
    yield from _section("SETTINGS", settings.entries(file))
    yield from _section("SEE ALSO", roff.paragraphs("pipertd(8), pipertctl(1), pipertd.pipeline(5)"))


def _group(module: str) -> click.Group:
    """The command line in a module; by its name, because nothing imports the daemon."""
    found: Any = import_module(module).app
    assert isinstance(found, click.Group)
    return found


def _head(name: str, section: int, what: str) -> Iterator[str]:
    yield roff.title(name, section, pipertd.__version__, _day())
    yield roff.heading("NAME")
    yield f"{roff.text(name)} \\- {roff.text(what)}"
    yield roff.heading("SYNOPSIS")


def _day() -> dt.date:
    """Today, or for a build that is to come out the same tomorrow, the day that it is told.

    Source: https://reproducible-builds.org/specs/source-date-epoch/
    """
    return dt.datetime.fromtimestamp(float(os.environ.get("SOURCE_DATE_EPOCH", time.time())), dt.UTC).date()


def _section(title: str, lines: Any) -> Iterator[str]:
    yield roff.heading(title)
    yield from lines


def _items(meanings: dict[str, str]) -> Iterator[str]:
    for tag, meaning in meanings.items():
        yield from roff.item(roff.bold(tag), meaning)

"""The commands of pipertctl: where each is written, and what it does in one line. Only the one called is loaded."""

from __future__ import annotations

import click

from pipertd.ctl.lazy import Entry, LazyGroup
from pipertd.ctl.settings import options_before

COMMANDS = {
    "status": Entry("pipertd.ctl.status:status", "Show pipelines, flows, routines and the count of every link."),
    "top": Entry("pipertd.ctl.top:top", "Show what flows do and use, again and again."),
    "watch": Entry("pipertd.ctl.watch:watch", "Show notices as they happen, until interrupted."),
    "logs": Entry("pipertd.ctl.logs:logs", "Show what flows and the daemon logged, and what code printed."),
    "tap": Entry("pipertd.ctl.tap:tap", "Look at what passes on a link."),
    "start": Entry("pipertd.ctl.lifecycle:start", "Have a pipeline or one of its flows up."),
    "stop": Entry("pipertd.ctl.lifecycle:stop", "Have a pipeline or one of its flows down; returns when it is."),
    "restart": Entry("pipertd.ctl.lifecycle:restart", "Stop, then start."),
    "pause": Entry("pipertd.ctl.lifecycle:pause", "Have a pipeline or one of its flows take nothing."),
    "resume": Entry("pipertd.ctl.lifecycle:resume", "Have what is paused go on."),
    "kill": Entry("pipertd.ctl.lifecycle:kill", "Kill a flow, or every flow of a pipeline, by SIGKILL."),
    "reload": Entry("pipertd.ctl.reload:reload", "Read all definitions again, and touch only what changed."),
    "link": Entry("pipertd.ctl.link:link", "Draw a link while the pipeline runs."),
    "unlink": Entry("pipertd.ctl.link:unlink", "Take a link away while the pipeline runs."),
    "event": Entry("pipertd.ctl.event:event", "Hand an event to routines, and print their answers."),
    "handlers": Entry("pipertd.ctl.handlers:handlers", "List the events that routines handle."),
    "quarantine": Entry(
        "pipertd.ctl.quarantine:quarantine", "See, replay and drop messages that kept killing their routine."
    ),
    "check": Entry("pipertd.ctl.check:check", "Check definitions and say every problem of every file."),
    "graph": Entry("pipertd.ctl.graph.command:graph", "Draw a pipeline: its routines, and what passes between them."),
    "new": Entry("pipertd.ctl.new.command:new", "Make a pipeline or a routine to begin with."),
    "schema": Entry("pipertd.ctl.schema:schema", "Print the JSON Schema of definitions, or of documents."),
    "doctor": Entry("pipertd.ctl.doctor.command:doctor", "Say what is wrong with this machine, and what mends it."),
    "tls": Entry("pipertd.ctl.tls:tls", "Make what mutual TLS needs."),
    "enable": Entry("pipertd.ctl.enable:enable", "Have the daemon read an installed definition, or another FILE."),
    "disable": Entry("pipertd.ctl.enable:disable", "Have the daemon read an installed definition no more."),
    "daemon": Entry("pipertd.ctl.daemon:daemon", "Ask what the daemon is, and restart it."),
    "completion": Entry("pipertd.ctl.completion:completion", "Print what completes command lines in a shell."),
    "version": Entry("pipertd.ctl.version:version", "Print the version of this command line."),
}


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    invoke_without_command=True,
    no_args_is_help=True,
)
@options_before
@click.option("--version", "show_version", is_flag=True, help="Print the version and exit.")
@click.pass_context
def app(context: click.Context, show_version: bool) -> None:
    """See and steer the pipelines of a pipertd daemon."""
    if show_version:
        from pipertd.ctl.version import print_version

        print_version(context.obj)
        context.exit()
    if context.invoked_subcommand is None:
        raise click.UsageError("there is no command", context)

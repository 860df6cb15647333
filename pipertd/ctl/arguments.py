"""Arguments that several commands take, each completed by what a running daemon knows."""

from __future__ import annotations

import click

from pipertd.ctl.complete import pipelines, quarantined, targets

any_target = click.argument(
    "target", required=False, shell_complete=targets, help="PIPELINE[/FLOW[/ROUTINE]]; everything if left out."
)
flow_target = click.argument(
    "target", shell_complete=targets, help="PIPELINE or PIPELINE/FLOW; a routine stands for its flow."
)
one_pipeline = click.argument("pipeline", shell_complete=pipelines, help="The pipeline.")
one_message = click.argument("name", metavar="ID", shell_complete=quarantined, help="The message's id.")

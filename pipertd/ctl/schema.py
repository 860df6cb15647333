"""``pipertctl schema``: no daemon needed."""

from __future__ import annotations

import click

from pipertd.ctl.complete import documented
from pipertd.ctl.exits import Exit, fail
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command


@command("schema")
@click.argument(
    "words",
    nargs=-1,
    shell_complete=documented,
    metavar="[COMMAND]...",
    help="One that prints documents; definitions if left out.",
)
def schema(settings: Settings, words: tuple[str, ...]) -> None:
    """Print the JSON Schema of definitions, or of documents.

    An editor completes and checks by that of definitions: save it, and name it in the first line of one, as in
    `# yaml-language-server: $schema=pipeline.schema.json`. With a COMMAND it is that of what this prints with -o json.
    """
    output = Output.JSON if settings.output is Output.TABLE else settings.output
    if not words:
        from pipertd.definition.json_schema import json_schema

        print_document(json_schema(), output)
        return
    from pipertd.ctl.documents.contract import DOCUMENTS, document_schema

    name = " ".join(words)
    if name not in DOCUMENTS:
        raise fail(f"cannot show the schema of {name!r}: these print documents: {', '.join(DOCUMENTS)}", Exit.USAGE)
    print_document(document_schema(name), output)

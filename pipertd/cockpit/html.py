"""The page of /docs, out of the OpenAPI document: text that needs no script and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2a7; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
code { font-family: ui-monospace, monospace; font-size: .92em; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .3rem .8rem; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 4.5rem; color: var(--accent); font-family: ui-monospace, monospace; }
summary span { float: right; opacity: .7; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
td, th { border-top: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
pre { background: var(--soft); padding: .6rem; overflow-x: auto; border-radius: 6px; }
@media (max-width: 40rem) { summary span { float: none; display: block; } }
"""


def page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    return "\n".join(
        (
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])} over HTTP</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{_STYLE}</style></head><body>",
            f"<h1>{escape(info['title'])} {escape(info['version'])} over HTTP</h1>",
            f"<p>{escape(info['description'])}</p>",
            '<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>',
            "<p>Each call names the right that it takes, where the server has tokens:",
            "<code>Authorization: Bearer TOKEN</code>.</p>",
            *_tags(document),
            "<h2>Schemas</h2>",
            *_schemas(document["components"]["schemas"]),
            "</body></html>",
            "",
        )
    )


def _tags(document: Mapping[str, Any]) -> Iterator[str]:
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>"
        for method, path, operation in operations:
            if tag["name"] in operation["tags"]:
                yield from _operation(method, path, operation)


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    right = escape(operation["x-pipertd-right"])
    yield f'<details id="{escape(operation["operationId"])}"><summary>'
    yield f"<b>{method.upper()}</b> <code>{escape(path)}</code>"
    yield f"<span>{escape(operation['summary'])} · {right}</span></summary>"
    yield f"<p>{escape(operation['summary'])}. {escape(operation['description'])}</p>"
    rows = [
        (each["name"], f"{each['in']}: {_kind(each['schema'])}", each.get("description", ""))
        for each in operation["parameters"]
    ]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        for name, schema in media["schema"].get("properties", {}).items():
            rows.append((name, f"body: {_kind(schema)}", schema.get("description", "")))
    yield _table(rows)
    for media, content in operation["responses"]["200"]["content"].items():
        yield f"<p>Answers <code>{escape(media)}</code>: {_kind(content.get('schema', {}))}</p>"
    yield "</details>"


def _schemas(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        yield f"<p>{escape(schema.get('description', ''))}</p>".replace("\n", "<br>")
        rows = [
            (field, _kind(each), each.get("description", "")) for field, each in schema.get("properties", {}).items()
        ]
        yield f"{_table(rows)}</details>"


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Names and texts are escaped here, kinds are written in HTML already."""
    lines = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{escape(text)}</td></tr>"
        for name, kind, text in rows
    )
    return f"<table>{lines}</table>" if rows else ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    if schema.get("type") == "object" and "properties" in schema:
        return "object of " + ", ".join(f"{escape(name)}: {_kind(each)}" for name, each in schema["properties"].items())
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"map to {_kind(schema['additionalProperties'])}"
    if "enum" in schema:
        return " or ".join(escape(str(each)) for each in schema["enum"])
    return escape(str(schema.get("format") or schema.get("contentEncoding") or schema.get("type") or "anything"))

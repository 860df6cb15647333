"""``python -m pipertd.cockpit.document [--check]``: write what describes the HTTP API, or say if it is current."""

from __future__ import annotations

import json
import sys

from pipertd.cockpit.application import ROUTES
from pipertd.cockpit.html import page
from pipertd.cockpit.openapi import document
from pipertd.cockpit.pages import OPENAPI, PAGE
from pipertd.page import DOCS, Part
from pipertd.rpc.described import described


def _table() -> str:
    lines = ["| call | of gRPC | token |", "|---|---|---|"]
    lines += [
        f"| `{route.method} {route.path}` | [{route.rpc.name.partition('/')[2]}](api.md#{_anchor(route.rpc.name)}) | "
        f"{route.rpc.right} |"
        for route in ROUTES
        if route.path.startswith("/v1/")
    ]
    return "\n".join(("", *lines, "", ""))


def _anchor(rpc: str) -> str:
    return rpc.replace("/", "").lower()


CALLS = Part(
    what="the table of calls",
    command="make api",
    sources="pipertd/cockpit/",
    page=DOCS / "http.md",
    text=_table,
)


def main() -> int:
    """Write all three, or compare them."""
    told = document(described(), ROUTES)
    fresh = {OPENAPI: json.dumps(told, indent=1, ensure_ascii=False) + "\n", PAGE: page(told)}
    if sys.argv[1:] != ["--check"]:
        for file, text in fresh.items():
            file.write_text(text)
        return CALLS.main([])
    stale = [file.name for file, text in fresh.items() if not file.exists() or file.read_text() != text]
    if stale:
        print(f"stale: {', '.join(stale)}; run `make api`", file=sys.stderr)
    return CALLS.main(["--check"]) or int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())

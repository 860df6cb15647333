"""``python -m pipertd.control.document [--check] [PAGE]``: write the API's reference, or say if it is current."""

from __future__ import annotations

import sys

from pipertd.control.called import called
from pipertd.control.reference import reference
from pipertd.page import DOCS, Part
from pipertd.rpc.described import described


def _text() -> str:
    api = described()
    return f"\n{reference(api, called(rpc.name for service in api.services for rpc in service.rpcs))}\n"


REFERENCE = Part(
    what="the reference",
    command="make api",
    sources="protos/, pipertd/control/codes.py and clients/",
    page=DOCS / "api.md",
    text=_text,
)

if __name__ == "__main__":
    sys.exit(REFERENCE.main(sys.argv[1:]))

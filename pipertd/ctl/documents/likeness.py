"""A document of a record: what both have by the same name is the same in both."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

Document = TypeVar("Document")


def document_of(record: Any, kind: type[Document]) -> Document:
    """What of a record, or of a list of them, a document of this kind has."""
    return msgspec.convert(record, kind, from_attributes=True)

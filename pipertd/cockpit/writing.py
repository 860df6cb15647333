"""Messages of the protos as JSON: protobuf's mapping, with the fields' own names, and every field there."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from starlette.responses import Response

MEDIA_TYPE = "application/json"


def document_of(message: Message) -> dict[str, Any]:
    """Names as the protos and docs/api.md have them; what is unset and can be is left out."""
    document: dict[str, Any] = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return document


def text_of(document: object) -> str:
    """In one line."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def json_response(document: object) -> Response:
    """An answer: a whole line, for who reads it in a shell."""
    return Response(text_of(document) + "\n", media_type=MEDIA_TYPE)

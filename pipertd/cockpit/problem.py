"""What a request ends with instead of its answer: problem details, after RFC 9457.

The daemon's refusals keep their code, reason and metadata, by which a client decides; the text is for people.

Source: RFC 9457, https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from pipertd.client import ClientError, DeadlineExceeded
from pipertd.errors import PipertdError

MEDIA_TYPE = "application/problem+json"
STATUSES = {  # of gRPC's codes
    "INVALID_ARGUMENT": 400,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 403,  # of this process by the daemon, not of its caller
    "FAILED_PRECONDITION": 409,
    "OUT_OF_RANGE": 410,
    "RESOURCE_EXHAUSTED": 503,
    "UNAVAILABLE": 503,
    "CANCELLED": 503,
    "DEADLINE_EXCEEDED": 504,
    "UNIMPLEMENTED": 501,
}
_STATUSES_OF_REASONS = {
    "INVALID_DEFINITION": 409,  # a link that the rest of its pipeline does not bear
    "REQUEST_TOO_LARGE": 413,
    "TOO_MANY_CALLS": 429,
    "TOO_MANY_STREAMS": 429,
    "TOO_MANY_TAPS": 429,
}
_AGAIN = (429, 503)
_MOST_WORDS = 2000  # characters, of which a request may have sent most


class Problem(PipertdError):
    """Raised where a request is refused, by this process or by the daemon.

    Attributes:
        status: HTTP's.
        reason: the name of the kind of refusal.
        code: gRPC's, where the daemon or the way to it refused; else empty.
        metadata: the object that it is about, by name.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        words: str,
        *,
        code: str = "",
        metadata: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(words)
        self.status, self.reason, self.code = status, reason, code
        self.metadata, self.headers = dict(metadata or {}), dict(headers or {})

    @classmethod
    def of(cls, error: ClientError) -> Problem:
        """What the daemon, or the way to it, refused."""
        status = _STATUSES_OF_REASONS.get(error.reason) or STATUSES.get(error.code, 500)
        reason = error.reason or ("DEADLINE_EXCEEDED" if isinstance(error, DeadlineExceeded) else error.code)
        headers = {"retry-after": "1"} if status in _AGAIN else {}
        return cls(status, reason, str(error), code=error.code, metadata=error.metadata, headers=headers)

    def document(self) -> dict[str, Any]:
        """As RFC 9457 has it."""
        return {
            "type": f"urn:pipertd:problem:{self.reason}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": str(self)[:_MOST_WORDS],
            "reason": self.reason,
            "code": self.code,
            "metadata": self.metadata,
        }

    def response(self) -> Response:
        """What the client gets."""
        body = json.dumps(self.document()) + "\n"
        return Response(body, self.status, self.headers, MEDIA_TYPE)


def bad_request(words: str) -> Problem:
    """What cannot be meant."""
    return Problem(400, "BAD_REQUEST", words)

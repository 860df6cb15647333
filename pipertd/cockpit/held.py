"""An answer in pieces, which holds something until it was sent, or nobody wants it any more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class HeldResponse(StreamingResponse):
    """``held`` is given back at its end."""

    def __init__(self, pieces: AsyncIterator[bytes], media_type: str, held: AsyncExitStack) -> None:
        super().__init__(pieces, media_type=media_type)
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with self._held:
            await super().__call__(scope, receive, send)

"""Whose page a request may come from, and by which name this server may be called: pure questions about headers.

A browser sends a request to 127.0.0.1 for any page that asks for it, and sends with it the page's origin, which no page
can forge. And a page may have the name of its own host lead to 127.0.0.1, so that its origin is ours: its Host is not.
An address in Host cannot be led elsewhere.

Source: https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site and DNS rebinding,
https://en.wikipedia.org/wiki/DNS_rebinding
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

from starlette.datastructures import Headers

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_FROM_US = ("same-origin", "none")  # none: somebody typed it, or follows a bookmark


def is_our_host(host: str, names: Collection[str]) -> bool:
    """Whether a Host is an address, this machine as it calls itself, or one of ``names``."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found[1].lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or name in names or is_address(name)


def is_address(name: str) -> bool:
    """Whether it is one, of IPv4 or IPv6 with or without brackets."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_our_origin(origin: str, host: str) -> bool:
    """Whether a page of ``origin`` came from this server; a proxy in front of it may speak TLS for us."""
    scheme, _, place = origin.partition("://")
    return scheme in ("http", "https") and place.lower() == host.lower()


def is_foreign(headers: Headers, allowed: Collection[str]) -> bool:
    """Whether the request comes from a page that is neither ours nor allowed."""
    origin = headers.get("origin")
    return origin is not None and origin not in allowed and not is_our_origin(origin, headers.get("host", ""))


def is_led_here(headers: Headers, allowed: Collection[str]) -> bool:
    """Whether somebody else's page, or a browser that looks ahead, may have made a request that has no Origin."""
    if headers.get("origin") in allowed:
        return False
    site = headers.get("sec-fetch-site", "none")
    ahead = "prefetch" in headers.get("sec-purpose", "") or "prefetch" in headers.get("purpose", "")
    return ahead or site not in _FROM_US

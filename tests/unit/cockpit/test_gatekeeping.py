"""Hosts, origins, tokens and settings, as pure questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.datastructures import Headers

from pipertd.cockpit.origins import is_foreign, is_led_here, is_our_host
from pipertd.cockpit.rpcs import Right
from pipertd.cockpit.settings import Settings, listen_of
from pipertd.cockpit.tokens import Tokens
from pipertd.errors import SettingsError


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("localhost", True),
        ("LOCALHOST:7480", True),
        ("127.0.0.1:7480", True),
        ("[::1]:7480", True),
        ("192.0.2.7", True),
        ("cam7:80", True),
        ("cam7.", True),
        ("app.localhost", True),
        ("evil.example", False),
        ("cam7.evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("localhost:7480:1", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_a_host_is_ours_by_address_or_name(host: str, *, is_ours: bool) -> None:
    """An address cannot be led elsewhere; of names, only those that are known are ours."""
    assert is_our_host(host, {"cam7"}) is is_ours


@pytest.mark.parametrize(
    ("origin", "foreign"),
    [
        ("http://cam7:7480", False),
        ("https://CAM7:7480", False),
        ("https://panel.example", False),
        ("http://cam7", True),
        ("http://cam7:7481", True),
        ("https://panel.example.evil", True),
        ("null", True),
        ("file://", True),
        ("", True),
        ("javascript://cam7:7480", True),
    ],
)
def test_an_origin_is_ours_allowed_or_foreign(origin: str, *, foreign: bool) -> None:
    """Ours is where the request goes to; another port, another scheme and null are not."""
    assert is_foreign(Headers({"origin": origin, "host": "cam7:7480"}), ("https://panel.example",)) is foreign


@pytest.mark.parametrize(
    ("headers", "led"),
    [
        ({}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "none", "sec-purpose": "prefetch;prerender"}, True),
        ({"purpose": "prefetch"}, True),
        ({"sec-fetch-site": "cross-site", "origin": "https://panel.example"}, False),
    ],
)
def test_a_request_that_somebody_else_led_here_is_known(headers: dict[str, str], *, led: bool) -> None:
    """By what no page can set; programs that are no browser send none of it."""
    assert is_led_here(Headers(headers), ("https://panel.example",)) is led


def token_file(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(mode)
    return file


def test_each_token_gives_its_right(tmp_path: Path) -> None:
    """Every line of a file counts; one that is in two files gives the greater right; all others give none."""
    (tmp_path / "more").mkdir()
    read = token_file(tmp_path, "a" * 32 + "\n\n" + "b" * 32 + "\n")
    control = token_file(tmp_path / "more", "b" * 32)
    tokens = Tokens([(read, Right.READ), (control, Right.CONTROL)])
    assert tokens
    given = [tokens.right_of(each) for each in ("a" * 32, "b" * 32, "c" * 32, "", "a" * 31, "é")]
    assert given == [Right.READ, Right.CONTROL, *[Right.NOTHING] * 4]


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("", 0o600, "there is no token in it"),
        ("short", 0o600, "token 1 in"),
        ("a" * 32 + "\nwith a space in the token", 0o600, "token 2 in"),
        ("ä" * 32, 0o600, "letters, digits"),
        ("a" * 32, 0o604, "everybody may read them"),
    ],
)
def test_a_file_that_holds_no_token_is_refused(tmp_path: Path, text: str, mode: int, words: str) -> None:
    """In words that say what to do, and never with a token in them."""
    with pytest.raises(SettingsError, match=words) as refused:
        Tokens([(token_file(tmp_path, text, mode), Right.READ)])
    assert len(text) < 5 or text not in str(refused.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_loopback_needs_no_token(host: str) -> None:
    """Whoever is on this machine is."""
    Settings(host, 0).check()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_elsewhere_a_token_is_needed(tmp_path: Path, host: str) -> None:
    """Without one nothing starts that others can reach."""
    with pytest.raises(SettingsError, match="without a token"):
        Settings(host, 0).check()
    Settings(host, 0, tokens=Tokens([(token_file(tmp_path, "a" * 16), Right.READ)])).check()


@pytest.mark.parametrize("origin", ["*", "panel.example", "https://panel.example/", "https://", "null", "ftp://a"])
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    """Above all the one that means everybody."""
    with pytest.raises(SettingsError, match="cannot allow origin"):
        Settings("127.0.0.1", 0, origins=(origin,)).check()


def test_where_to_listen_is_a_host_and_a_port() -> None:
    """IPv6 stands in brackets; without a host it is every address."""
    assert listen_of("127.0.0.1:80") == ("127.0.0.1", 80)
    assert listen_of("[::1]:0") == ("::1", 0)
    assert listen_of(":80") == ("0.0.0.0", 80)
    for text in ("80", "localhost", "a:b", "a:65536", "a:-1"):
        with pytest.raises(SettingsError):
            listen_of(text)

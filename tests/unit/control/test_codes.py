"""Every error that a client may get is one of a known list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import pipertd.control
import pipertd.supervisor
from pipertd import errors
from pipertd.control.codes import MOST_TEXT, REASONS, Reason, internal_error, status_of
from pipertd.control.errors import BadRequest
from pipertd.definition.installed import NotSwitched

# Packages of which the daemon loads nothing.
ELSEWHERE = ("pipertd.client", "pipertd.cockpit", "pipertd.ctl", "pipertd.embedded", "pipertd.testing", "tests.")
# These end the daemon, a flow, a check or a command, and never a call:
WITHIN = {
    errors.SettingsError,
    errors.CertificateError,
    errors.LoadError,
    errors.CredentialMissing,
    errors.NotDelegated,
    errors.ManifestError,
    errors.DirectoryInUse,
    NotSwitched,
}


def all_errors(parent: type[errors.PipertdError] = errors.PipertdError) -> Iterator[type[errors.PipertdError]]:
    """Every kind that the daemon's side knows."""
    for package in (pipertd.control, pipertd.supervisor):
        for _, name, _ in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(name)
    for kind in parent.__subclasses__():
        if not kind.__module__.startswith(ELSEWHERE):
            yield kind
            yield from all_errors(kind)


def test_every_error_has_a_reason_or_stays_within() -> None:
    """A new error is given a code and a reason, or is said to reach no client."""
    known = tuple(each.error for each in REASONS)
    assert {kind for kind in all_errors() if not issubclass(kind, known)} == WITHIN


def test_reasons_are_told_apart() -> None:
    """Each has a name of its own, and no error two of them."""
    assert len({each.name for each in REASONS}) == len(REASONS)
    assert not [(a.name, b.name) for a in REASONS for b in REASONS if a is not b and issubclass(a.error, b.error)]


@pytest.mark.parametrize("reason", REASONS, ids=lambda reason: reason.name)
def test_what_a_client_is_told_of_an_error_is_there(reason: Reason) -> None:
    """The attributes of the table are those of the error, and its docstring says when it is raised."""
    assert set(reason.metadata) <= set(reason.error.__init__.__code__.co_names if reason.metadata else ())
    assert (reason.error.__doc__ or "").startswith("Raised when ")


def test_a_status_has_one_error_info() -> None:
    """Domain, reason, and the object by name."""
    status = status_of(errors.WrongState("pause", "street/analyse", "STOPPED"))
    (detail,) = rpc_status.from_call(Ended(status)).details
    info = error_details_pb2.ErrorInfo()
    assert detail.Unpack(info)
    assert (info.domain, info.reason) == ("pipertd", "WRONG_STATE")
    assert info.metadata == {"action": "pause", "target": "street/analyse", "state": "STOPPED"}


def test_an_error_that_is_not_for_clients_is_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of its text goes out; the log has it."""
    status = status_of(errors.ManifestError("cannot read the secret file"))
    assert (status.code, status.details) == (internal_error().code, internal_error().details)
    assert "secret" in caplog.text


@pytest.mark.parametrize("character", ["x", "ü", "\N{CAT FACE}", "%"])
def test_a_long_text_fits_into_headers(character: str) -> None:
    """Whatever it is written in, what is sent of a text is far below the 8 KiB that all headers may have."""
    status = status_of(BadRequest(f"cannot do it: {character * 100_000}"))
    percent_encoded = sum(
        1 if " " <= each <= "~" and each != "%" else 3 * len(each.encode()) for each in status.details
    )
    binary = sum(len(value) * 4 // 3 for _, value in status.trailing_metadata)
    assert len(status.details) <= MOST_TEXT
    assert percent_encoded + binary < 6000


class Ended:
    """What a client's call shows of its end."""

    def __init__(self, status: object) -> None:
        self._status = status

    def trailing_metadata(self) -> object:
        return self._status.trailing_metadata  # type: ignore[attr-defined]

    def code(self) -> object:
        return self._status.code  # type: ignore[attr-defined]

    def details(self) -> object:
        return self._status.details  # type: ignore[attr-defined]

from __future__ import annotations

from dataclasses import replace

from pipertd.ctl.doctor.credentials import findings, given
from pipertd.ctl.doctor.finding import Severity
from tests.unit.ctl.doctor.mending import only, pipeline

UNIT = """\
# /lib/systemd/system/pipertd.service
[Service]
# LoadCredential=commented:/etc/x
LoadCredential=taken-back:/etc/x
LoadCredential=
LoadCredential=door:/etc/pipertd/credentials/door
  SetCredential=mode: night
LoadCredentialEncrypted=vault:/etc/vault
SetCredentialEncrypted=sealed: \\
        Whxqht+dQJax1aZeCGLxm
LoadCredential=folder
"""


def test_all_that_a_unit_gives_is_found() -> None:
    """From files or by value, encrypted or not; of what comes along with the system nobody can say."""
    assert given(UNIT) == frozenset({"door", "mode", "vault", "sealed", "folder"})
    assert given(UNIT + "ImportCredential=pipertd.*\n") is None


def test_what_is_named_and_not_given_is_one_finding() -> None:
    """With who names it, and a command that asks for it and gives it."""
    knocking = replace(pipeline("knocking"), credentials=("door", "window", "window"))
    finding = only(findings(frozenset({"door"}), [knocking, pipeline("street")]))
    assert finding.severity is Severity.FAULT
    assert finding.what == "nobody gives the service the credential window, which knocking names"
    assert "LoadCredential=window:/etc/pipertd/credentials/window" in finding.command
    assert "pipertctl restart knocking" in finding.command


def test_where_nobody_can_say_nothing_is_said() -> None:
    """Without a unit, credentials are an affair of whoever starts the daemon."""
    assert list(findings(None, [replace(pipeline(), credentials=("door",))])) == []

"""Which command prints which document. A list stands for many in one document, a stream for one a line."""

from __future__ import annotations

from typing import Any

import msgspec

from pipertd.ctl.documents import facts, machine, plans, status

DOCUMENTS: dict[str, Any] = {
    "status": status.Status,
    "top": status.Status,
    **dict.fromkeys(("start", "stop", "restart", "pause", "resume", "kill"), status.Pipeline),
    "watch": facts.Notice,
    "logs": facts.Record,
    "event": list[facts.Answer],
    "handlers": facts.Handlers,
    "tap": facts.Passed,
    "quarantine list": list[facts.PutAside],
    "quarantine show": facts.PutAsideInFull,
    "quarantine drop": list[facts.PutAside],
    "reload": plans.Reload,
    "link": plans.Plan,
    "unlink": plans.Plan,
    "check": plans.Check,
    "doctor": machine.Examination,
    "daemon version": machine.Daemon,
    "daemon restart": machine.Daemon,
    "enable": machine.Switched,
    "disable": machine.Switched,
    "new pipeline": machine.Made,
    "new routine": machine.Made,
    "tls init": machine.Certificates,
    "tls issue": machine.Made,
    "version": machine.Version,
}


def document_schema(command: str) -> dict[str, Any]:
    """The JSON Schema of what a command prints with ``-o json``.

    Raises:
        KeyError: it prints no document.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"pipertctl {command} -o json",
        **msgspec.json.schema(DOCUMENTS[command]),
    }

"""Documents."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output


def test_yaml_has_a_key_a_line_in_the_order_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Texts stay whole however long they are, and read again it is the same."""
    document = {"state": "RUNNING", "flows": [{"name": "b", "pid": None, "reason": "a word " * 40}], "from": []}
    print_document(document, Output.YAML)
    printed = capsys.readouterr().out
    assert printed.splitlines()[:3] == ["state: RUNNING", "flows:", "- name: b"]
    assert "  pid: null" in printed.splitlines()
    assert len(printed.splitlines()) == 6
    assert YAML(typ="safe", pure=True).load(printed) == document

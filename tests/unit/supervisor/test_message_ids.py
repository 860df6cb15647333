"""The ids of notices in the journal, and the catalog that explains them."""

from __future__ import annotations

import re
from pathlib import Path

from pipertd.supervisor.message_ids import MESSAGE_IDS
from pipertd.supervisor.view import NoticeKind

CATALOG = Path(__file__).parents[3] / "packaging/pipertd.catalog"


def test_each_kind_of_notice_has_an_id_of_its_own() -> None:
    """None is left out, and no two kinds are taken for each other."""
    assert set(MESSAGE_IDS) == set(NoticeKind)
    assert len(set(MESSAGE_IDS.values())) == len(NoticeKind)
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in MESSAGE_IDS.values())


def test_each_kind_of_notice_is_explained() -> None:
    """The catalog has one entry for each kind, and none for anything else; each has a subject and a text."""
    _, *entries = re.split(r"^-- ", CATALOG.read_text(), flags=re.MULTILINE)
    assert sorted(entry[:32] for entry in entries) == sorted(MESSAGE_IDS.values())
    for entry in entries:
        head, _, text = entry.partition("\n\n")
        assert "\nSubject: " in head
        assert "\nDefined-By: pipertd\n" in head
        assert text.strip()

"""The reference of the API in the docs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipertd.control.called import LANGUAGES, Call, called
from pipertd.control.codes import REASONS
from pipertd.control.document import REFERENCE
from pipertd.control.reference import reference
from pipertd.rpc.described import Undescribed, described

PROTO = """\
syntax = "proto3";
package pipertd.v1;
// A thing.
message Thing {
  // Its name.
  string name = 1;
  // What it has.
  map<string, Thing> things = 2;
  // One of these.
  oneof size {
    // In metres.
    double metres = 3;
    // In words, like "<1|2>".
    string words = 4;
  }
}
// Things.
service ThingService {
  // One thing.
  rpc GetThing(Thing) returns (Thing);
}
// Kinds.
enum Kind {
  // Never sent.
  KIND_UNSPECIFIED = 0;
}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "pipertd/v1/thing.proto"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_reference_is_that_of_the_protos() -> None:
    """The page in the docs was made from this version; its links lead to headings that it has."""
    assert REFERENCE.main(["--check"]) == 0
    page = REFERENCE.page.read_text()
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= set(anchors)


def test_the_reference_leaves_nothing_out() -> None:
    """Every rpc, message, enum and reason stands in it."""
    page, api = REFERENCE.page.read_text(), described()
    rpcs = [f"### {service.name}/{rpc.name}\n" for service in api.services for rpc in service.rpcs]
    assert rpcs
    assert all(rpc in page for rpc in rpcs)
    assert all(
        f"### {each.name}\n" in page or f"**{each.name}**" in page or f"of {each.name}**" in page
        for each in api.messages
    )
    assert all(f"### {each.name}\n" in page for each in api.enums)
    assert all(f"| `{each.name}` |" in page for each in REASONS)


def test_every_call_stands_in_every_language() -> None:
    """As it is in the programs of clients/, which are run."""
    page = REFERENCE.page.read_text()
    calls = called(rpc.name for service in described().services for rpc in service.rpcs)
    assert all(f"```{call.language.fence}\n{call.code}\n```" in page for of_rpc in calls.values() for call in of_rpc)


def test_every_rpc_names_codes_that_reasons_have() -> None:
    """A code that a comment promises is one that some refusal has, or gRPC's own."""
    known = {
        "DEADLINE_EXCEEDED",
        "CANCELLED",
        *re.findall(r"^\| `\w+` \| ([A-Z_]+) \|", REFERENCE.page.read_text(), re.MULTILINE),
    }
    promised = set(re.findall(r"\[([A-Z_]+)\]\(#reasons\)", REFERENCE.page.read_text()))
    assert promised
    assert promised <= known


def test_fields_are_shown_as_what_they_are(tmp_path: Path) -> None:
    """Maps, alternatives, links to other messages, and text that Markdown would take for something else."""
    text = reference(described([written(tmp_path, PROTO)]), {"GetThing": []})
    assert "| `things` | map of string to [Thing](#thing) | What it has. |" in text
    assert '| `words` | string | One of `size`. In words, like "&lt;1\\|2>". |' in text
    assert "| `KIND_UNSPECIFIED` | 0 | Never sent. |" in text


def test_one_language_is_open_and_the_others_are_folded_up(tmp_path: Path) -> None:
    """Markdown takes a fence within HTML for one where an empty line is before and behind it."""
    first, another = LANGUAGES[0], LANGUAGES[0]._replace(name="Go", fence="go")
    calls = {"GetThing": [Call(first, "get python"), Call(another, "get go")]}
    text = reference(described([written(tmp_path, PROTO)]), calls)
    assert text.partition("\n## Messages")[0].endswith(
        "\n\n```python\nget python\n```\n\n<details><summary>Go</summary>\n\n```go\nget go\n```\n\n</details>\n"
    )


@pytest.mark.parametrize("comment", re.findall(r"^ *// .*\n", PROTO, re.MULTILINE))
def test_what_has_no_comment_is_refused(tmp_path: Path, comment: str) -> None:
    """A message, a field, a oneof, a service, an rpc, an enum and a value each need one."""
    with pytest.raises(Undescribed, match="has no comment"):
        described([written(tmp_path, PROTO.replace(comment, "", 1))])


def test_a_stale_reference_is_refused_and_renewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check says what mends it, and writing mends it; a page without markers is left alone."""
    page = Path(shutil.copy(REFERENCE.page, tmp_path))
    fresh = page.read_text()
    page.write_text(fresh.replace("ListPipelines", "ListPipes"))
    assert REFERENCE.main(["--check", str(page)]) == 1
    assert capsys.readouterr().err == f"stale: the reference in {page}; run `make api`\n"
    assert REFERENCE.main([str(page)]) == 0
    assert page.read_text() == fresh
    page.write_text("# The API\n")
    assert REFERENCE.main([str(page)]) == 1
    assert "it does not have the lines" in capsys.readouterr().err

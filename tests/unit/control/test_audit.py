"""What the audit tells of a request, and what it keeps to itself."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message

from pipertd.control.audit import LONGEST_VALUE, MOST_NAMES, _told, printable
from pipertd.rpc.definition_pb2 import CheckDefinitionsRequest, DefinitionFile
from pipertd.rpc.event_pb2 import NotifyEventRequest
from pipertd.rpc.pipeline_pb2 import LinkRequest, StopPipelineRequest, Target


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (StopPipelineRequest(target=Target(pipeline="p", flow="f", routine="r"), now=True), "p/f/r now=True"),
        (StopPipelineRequest(), ""),
        (
            LinkRequest(pipeline="p", source="a/x", destination="b/y", depth=8),
            "pipeline=p source=a/x destination=b/y depth=8",
        ),
        (
            CheckDefinitionsRequest(files=[DefinitionFile(name="p.yaml", text="secret")] * 3, classes=True),
            "files: 3 classes=True",
        ),
    ],
)
def test_plain_fields_are_told_and_of_others_their_size(request_: Message, told: str) -> None:
    """A target is written as people write it; the text of a definition is nowhere."""
    assert " ".join(_told(request_)) == told


def test_of_an_event_s_parameters_there_are_names_and_not_too_many() -> None:
    """No value of a parameter is in the line, however deep; the names are cut in number and in length."""
    request = NotifyEventRequest(event="zoom", target=Target(pipeline="p"))
    request.params.update({f"n{number:02}" + "x" * 200: {"deep": "secret"} for number in range(50)})
    told = " ".join(_told(request))
    assert "secret" not in told
    assert "deep" not in told
    assert told.endswith(", …")
    assert len(told) < MOST_NAMES * (LONGEST_VALUE + 3) + 100


def test_a_text_is_one_line_that_no_terminal_obeys() -> None:
    """Escapes, line ends and marks that turn the direction of writing are shown as what they are; é stays é."""
    assert printable("é\x1b[2J\r\n\u202e") == "é\\x1b[2J\\r\\n\\u202e"
    assert printable("x" * 500) == "x" * LONGEST_VALUE + "…"

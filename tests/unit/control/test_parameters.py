"""Parameters of events, as handlers get them."""

from __future__ import annotations

from google.protobuf import struct_pb2

from pipertd.control.messages import plain


def test_whole_numbers_are_integers_as_long_as_they_are_exact() -> None:
    """What a double cannot tell from its neighbours stays one; true is no number."""
    struct = struct_pb2.Struct()
    struct.update({"five": 5, "half": 0.5, "deep": [{"more": -7.0}], "yes": True, "most": 2.0**53, "huge": 1e22})
    found = plain(struct)
    assert found == {"five": 5, "half": 0.5, "deep": [{"more": -7}], "yes": True, "most": 2**53, "huge": 1e22}
    types = {name: type(value) for name, value in found.items()}
    assert types == {"five": int, "half": float, "deep": list, "yes": bool, "most": int, "huge": float}

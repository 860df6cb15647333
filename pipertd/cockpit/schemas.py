"""JSON Schemas of the protos' messages, in protobuf's JSON mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipertd.names import NAME_PATTERN
from pipertd.rpc.described import Api, Enum, Field, Message

_REFERENCE = "#/components/schemas/"
_INT64 = {"type": "string", "pattern": "^-?[0-9]+$"}
_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "int64": _INT64,
    "double": {"type": "number"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]{1,9}(\.[0-9]{1,9})?s$"},
}
_TARGET = {"type": "string", "pattern": f"^{NAME_PATTERN}(/{NAME_PATTERN}){{0,2}}$"}
_ROUTINE = {"pattern": f"^({NAME_PATTERN}/)?{NAME_PATTERN}$"}
_ASKED = {"DefinitionFile": ["name"]}  # of the messages within others, those that are sent, and what they need
_CLOSER: dict[str, dict[str, Any]] = {  # what the protos say of fields of requests in words
    "CheckDefinitionsRequest.files": {"maxItems": 64},
    "DefinitionFile.name": {"pattern": r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*$", "maxLength": 255},
    "LinkRequest.source": _ROUTINE,
    "LinkRequest.destination": _ROUTINE,
    "LinkRequest.policy": {"enum": ["", "wait", "drop_oldest", "drop_newest"]},
    "LinkRequest.depth": {"minimum": 0, "maximum": 1024},
    "NotifyEventRequest.timeout": {"pattern": r"^[1-9][0-9]?(\.[0-9]{1,9})?s$"},
    "UnlinkRequest.source": _ROUTINE,
    "UnlinkRequest.destination": _ROUTINE,
}


class Schemas:
    """Those that a document refers to."""

    def __init__(self, api: Api) -> None:
        self._messages = {message.name: message for message in api.messages}
        self._enums = {enum.name: enum for enum in api.enums}
        self._used: dict[str, dict[str, Any]] = {}

    def used(self) -> dict[str, dict[str, Any]]:
        """By their names."""
        return dict(sorted(self._used.items()))

    def message(self, name: str) -> dict[str, Any]:
        """A reference to that of a message or an enum of ours."""
        if name not in self._used:
            self._used[name] = {}  # before what it has: a message may have itself
            self._used[name] = (
                self._of_message(self._messages[name]) if name in self._messages else _of_enum(self._enums[name])
            )
        return {"$ref": f"{_REFERENCE}{name}"}

    def use(self, schema: Any) -> None:
        """Have what a schema refers to be there."""
        match schema:
            case {"$ref": str(reference)}:
                self.message(reference.removeprefix(_REFERENCE))
            case Mapping():
                for each in schema.values():
                    self.use(each)

    def some_of(self, request: str, names: Sequence[str]) -> dict[str, Any]:
        """What a body may be that has some fields of a request, and nothing else."""
        fields = [field for field in self._messages[request].fields if field.name in names]
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {field.name: self._of_field(request, field) for field in fields},
        }

    def query(self, request: str, name: str) -> tuple[dict[str, Any], str]:
        """What a parameter of a query may be that is a field of a request, and what it means."""
        (field,) = [field for field in self._messages[request].fields if field.name == name]
        if field.type == "Target":
            return _TARGET, field.comment
        return _SCALARS[field.type] | _CLOSER.get(f"{request}.{name}", {}), field.comment

    def _of_message(self, message: Message) -> dict[str, Any]:
        properties = {field.name: self._of_field(message.name, field) for field in message.fields}
        required = [field.name for field in message.fields if self._is_always_there(field)]
        schema: dict[str, Any] = {"type": "object", "description": message.comment, "properties": properties}
        if message.name in _ASKED:
            schema["additionalProperties"], required = False, _ASKED[message.name]
        return {**schema, "required": required} if required else schema

    def _is_always_there(self, field: Field) -> bool:
        """What has a default that says nothing of itself: all but messages and what is one of several."""
        is_message = field.type in self._messages or field.type.startswith("google.")
        return field.repeated or bool(field.key) or not (is_message or field.oneof)

    def _of_field(self, message: str, field: Field) -> dict[str, Any]:
        one = dict(_SCALARS[field.type]) if field.type in _SCALARS else self.message(field.type)
        if field.key:
            one = {"type": "object", "additionalProperties": one}
        elif field.repeated:
            one = {"type": "array", "items": one}
        return {**one, "description": field.comment, **_CLOSER.get(f"{message}.{field.name}", {})}


def _of_enum(enum: Enum) -> dict[str, Any]:
    told = "\n".join(f"- {value.name}: {value.comment}" for value in enum.values)
    return {"type": "string", "description": f"{enum.comment}\n{told}", "enum": [value.name for value in enum.values]}

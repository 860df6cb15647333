"""The public API as values: every service, message and enum of the protos, with what their comments say.

The compiler's descriptors have it all; a comment is found by the path of numbers at which its thing stands in the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import descriptor_pb2

from pipertd.rpc.authority_pb2 import Role, least_role
from pipertd.rpc.generate import compiled, proto_files

# Numbers of fields in google/protobuf/descriptor.proto:
_MESSAGES, _ENUMS, _SERVICES, _FIELDS, _ONEOFS, _VALUES, _METHODS = 4, 5, 6, 2, 8, 2, 2
_Field = descriptor_pb2.FieldDescriptorProto


class Field(NamedTuple):
    """One field; ``type`` is the name of a scalar, message or enum. Of those with one ``oneof`` one at most is set."""

    name: str
    type: str
    repeated: bool
    key: str  # of a map, whose values have the type; empty where it is none
    oneof: str
    comment: str


class Message(NamedTuple):
    """One message."""

    name: str
    comment: str
    fields: tuple[Field, ...]


class Value(NamedTuple):
    """One value of an enum."""

    name: str
    number: int
    comment: str


class Enum(NamedTuple):
    """One enum."""

    name: str
    comment: str
    values: tuple[Value, ...]


class Rpc(NamedTuple):
    """One rpc: what goes each way, the least role that may call it, and whether it may be repeated."""

    name: str
    comment: str
    request: str
    takes_stream: bool
    response: str
    gives_stream: bool
    role: str
    idempotency: str


class Service(NamedTuple):
    """One service."""

    name: str
    comment: str
    rpcs: tuple[Rpc, ...]


@dataclass(frozen=True)
class Api:
    """All of it, in the order of the files and within them."""

    services: tuple[Service, ...]
    messages: tuple[Message, ...]
    enums: tuple[Enum, ...]


class Undescribed(ValueError):
    """Raised when something of the API has no comment."""


def described(files: Sequence[Path] | None = None) -> Api:
    """The API of these protos, or of all.

    Raises:
        Undescribed: something has no comment.
        SystemExit: the compiler refuses them, and has said why.
    """
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "image"
        compiled(files or proto_files(), f"--descriptor_set_out={image}", "--include_source_info")
        found = descriptor_pb2.FileDescriptorSet.FromString(image.read_bytes())
    parts = [_File(file) for file in found.file]
    return Api(
        tuple(each for part in parts for each in part.services()),
        tuple(each for part in parts for each in part.messages()),
        tuple(each for part in parts for each in part.enums()),
    )


class _File:
    """One file, and its comments by path."""

    def __init__(self, file: descriptor_pb2.FileDescriptorProto) -> None:
        self._file = file
        self._comments = {tuple(at.path): at.leading_comments for at in file.source_code_info.location}

    def _comment(self, name: str, *path: int) -> str:
        lines = [line.strip() for line in self._comments.get(path, "").strip().splitlines()]
        if not lines:
            raise Undescribed(f"cannot describe {name} of {self._file.name}: it has no comment")
        return "\n".join(lines)

    def services(self) -> Iterator[Service]:
        for at, service in enumerate(self._file.service):
            rpcs = tuple(self._rpc(rpc, service.name, at, place) for place, rpc in enumerate(service.method))
            yield Service(service.name, self._comment(service.name, _SERVICES, at), rpcs)

    def _rpc(self, rpc: descriptor_pb2.MethodDescriptorProto, service: str, at: int, place: int) -> Rpc:
        return Rpc(
            rpc.name,
            self._comment(f"{service}.{rpc.name}", _SERVICES, at, _METHODS, place),
            _local(rpc.input_type),
            rpc.client_streaming,
            _local(rpc.output_type),
            rpc.server_streaming,
            Role.Name(rpc.options.Extensions[least_role]).removeprefix("ROLE_").lower(),
            descriptor_pb2.MethodOptions.IdempotencyLevel.Name(rpc.options.idempotency_level),
        )

    def messages(self) -> Iterator[Message]:
        for at, message in enumerate(self._file.message_type):
            for place, oneof in enumerate(message.oneof_decl):
                self._comment(f"{message.name}.{oneof.name}", _MESSAGES, at, _ONEOFS, place)
            fields = tuple(self._field(message, at, place) for place in range(len(message.field)))
            yield Message(message.name, self._comment(message.name, _MESSAGES, at), fields)

    def _field(self, message: descriptor_pb2.DescriptorProto, at: int, place: int) -> Field:
        field = message.field[place]
        maps = {nested.name: nested.field for nested in message.nested_type if nested.options.map_entry}
        key, value = maps.get(field.type_name.rpartition(".")[2], (None, field))
        return Field(
            field.name,
            _type(value),
            field.label == _Field.LABEL_REPEATED and key is None,
            _type(key) if key is not None else "",
            message.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else "",
            self._comment(f"{message.name}.{field.name}", _MESSAGES, at, _FIELDS, place),
        )

    def enums(self) -> Iterator[Enum]:
        for at, enum in enumerate(self._file.enum_type):
            values = tuple(
                Value(value.name, value.number, self._comment(value.name, _ENUMS, at, _VALUES, place))
                for place, value in enumerate(enum.value)
            )
            yield Enum(enum.name, self._comment(enum.name, _ENUMS, at), values)


def _type(field: Any) -> str:
    return _local(field.type_name) or _Field.Type.Name(field.type).removeprefix("TYPE_").lower()


def _local(name: str) -> str:
    """The name of what is ours without its package."""
    return name.removeprefix(".pipertd.v1.").removeprefix(".")

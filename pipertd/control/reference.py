"""The reference of the API in Markdown, made from the protos, the table of reasons and the programs that call it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import grpc
from google.rpc import code_pb2

from pipertd.control.called import Call
from pipertd.control.codes import INTERNAL, REASONS
from pipertd.rpc.described import Api, Enum, Field, Message, Rpc, Service

_STANDARD = "https://protobuf.dev/reference/protobuf/google.protobuf/#"
_REPEATED = {
    "NO_SIDE_EFFECTS": "changes nothing",
    "IDEMPOTENT": "may be repeated",
    "IDEMPOTENCY_UNKNOWN": "is not to be repeated blindly",
}
_CODE = re.compile("|".join(sorted((code.name for code in grpc.StatusCode if code.value[0]), key=len, reverse=True)))


def reference(api: Api, calls: Mapping[str, Sequence[Call]]) -> str:
    """The API in Markdown: contents, services with what goes each way, what they are made of, and reasons.

    Args:
        api: what the protos have.
        calls: how each rpc is called, by its name.
    """
    messages = {each.name: each for each in api.messages}
    of_rpcs = {name for service in api.services for rpc in service.rpcs for name in (rpc.request, rpc.response)}
    parts = [each for each in api.messages if each.name not in of_rpcs]
    return "\n".join(
        (
            *_contents(api, parts),
            *(line for service in api.services for line in _service(service, messages, calls)),
            "## Messages\n",
            *(
                line
                for each in sorted(parts)
                for line in (f"### {each.name}\n", f"{_text(each.comment)}\n", *_table(each))
            ),
            "## Enums\n",
            *(line for each in sorted(api.enums) for line in _enum(each)),
            *_reasons(),
        )
    )


def _contents(api: Api, parts: Iterable[Message]) -> Iterator[str]:
    for service in api.services:
        rpcs = " ".join(f"[{rpc.name}]({_rpc_anchor(service, rpc)})" for rpc in service.rpcs)
        yield f"- **[{service.name}](#{service.name.lower()})**: {rpcs}"
    yield "- **[Messages](#messages)**: " + " ".join(_link(name) for name in sorted(each.name for each in parts))
    yield "- **[Enums](#enums)**: " + " ".join(_link(name) for name in sorted(each.name for each in api.enums))
    yield "- **[Reasons](#reasons)** of refusals\n"


def _service(service: Service, messages: Mapping[str, Message], calls: Mapping[str, Sequence[Call]]) -> Iterator[str]:
    yield f"## {service.name}\n"
    yield f"{_text(service.comment)}\n"
    for rpc in service.rpcs:
        yield f"### {service.name}/{rpc.name}\n"
        yield f"{_text(rpc.comment)}\n"
        codes = " ".join(dict.fromkeys(f"[{code}](#reasons)" for code in _CODE.findall(rpc.comment)))
        yield f"*For: {rpc.role}. It {_REPEATED[rpc.idempotency]}.{f' Codes: {codes}.' if codes else ''}*\n"
        for name, is_stream in ((rpc.request, rpc.takes_stream), (rpc.response, rpc.gives_stream)):
            message = messages[name]
            yield f"**{'stream of ' * is_stream}{name}**: {_text(message.comment)}\n"
            yield from _table(message)
        yield from _calls(calls[rpc.name])


def _calls(calls: Sequence[Call]) -> Iterator[str]:
    """The first open to see, the others folded up; a fence in HTML is one only between empty lines."""
    for place, (language, code) in enumerate(calls):
        fenced = f"```{language.fence}\n{code}\n```\n"
        yield f"<details><summary>{language.name}</summary>\n\n{fenced}\n</details>\n" if place else fenced


def _table(message: Message) -> Iterator[str]:
    if not message.fields:
        return
    yield "| field | type | |"
    yield "|---|---|---|"
    for field in message.fields:
        which = f"One of `{field.oneof}`. " if field.oneof else ""
        yield f"| `{field.name}` | {_type(field)} | {which}{_cell(field.comment)} |"
    yield ""


def _type(field: Field) -> str:
    if field.key:
        return f"map of {field.key} to {_link(field.type)}"
    return f"{'repeated ' * field.repeated}{_link(field.type)}"


def _enum(enum: Enum) -> Iterator[str]:
    yield f"### {enum.name}\n"
    yield f"{_text(enum.comment)}\n"
    yield "| value | | |"
    yield "|---|---|---|"
    for value in enum.values:
        yield f"| `{value.name}` | {value.number} | {_cell(value.comment)} |"
    yield ""


def _reasons() -> Iterator[str]:
    yield "## Reasons\n"
    yield "| reason | code | it is said when | metadata |"
    yield "|---|---|---|---|"
    for reason in REASONS:
        when = (reason.error.__doc__ or "").partition("\n\n")[0].removeprefix("Raised when ").replace("``", "`")
        told = " ".join(f"`{name}`" for name in reason.metadata)
        yield f"| `{reason.name}` | {code_pb2.Code.Name(reason.code)} | {_cell(when)} | {told} |"
    yield f"| `{INTERNAL}` | INTERNAL | the daemon has a bug; its log has the traceback. |  |\n"


def _link(name: str) -> str:
    if name.startswith("google.protobuf."):
        short = name.rpartition(".")[2]
        return f"[{short}]({_STANDARD}{short.lower()})"
    return f"[{name}](#{name.lower()})" if name[0].isupper() else name


def _rpc_anchor(service: Service, rpc: Rpc) -> str:
    """As GitHub makes it of the heading."""
    return f"#{service.name.lower()}{rpc.name.lower()}"


def _text(comment: str) -> str:
    """Paragraphs, each in a line of its own; what would be HTML is not."""
    return "\n\n".join(" ".join(each.split("\n")) for each in comment.split("\n\n")).replace("<", "&lt;")


def _cell(comment: str) -> str:
    return " ".join(comment.split()).replace("|", "\\|").replace("<", "&lt;")

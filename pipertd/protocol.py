"""What the daemon and a flow say to each other: the launch specification and the channel's messages; and a tap's.

The specification travels in a memfd that the flow inherits; the channel is a SOCK_SEQPACKET socket in the runtime
directory which the flow dials. One datagram is one message in MessagePack, tagged with its type.
"""

from __future__ import annotations

from typing import Any

import msgspec

PROTOCOL_VERSION = 1
ADOPTABLE_VERSIONS = frozenset({PROTOCOL_VERSION})  # of flows that a daemon of this version can go on with
MAX_MESSAGE_BYTES = 64 * 1024
CREDENTIALS_DIRECTORY = "CREDENTIALS_DIRECTORY"  # the variable in which systemd names their folder; flows inherit it
PAUSE, RESUME = "pause", "resume"  # events that the daemon raises by itself


class LinkSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a link, at a routine: ``slot`` is its place in the own ledger, ``peer_slot`` in the other end's.

    One that was removed during the run keeps its place and is ``unlinked``: nothing more goes by it.
    """

    link: str
    slot: int
    within_flow: bool
    peer: str
    peer_slot: int
    peer_ledger_fd: int
    peer_bell_fd: int
    depth: int
    policy: str = "wait"
    guard_fd: int = -1
    guard_byte: int = 0
    unlinked: bool = False


class InputSpec(LinkSpec, frozen=True, kw_only=True):
    """One in-link of a routine: its peer is the producer."""

    max_age_s: float | None = None
    max_deliveries: int = 3


class OutputSpec(LinkSpec, frozen=True, kw_only=True):
    """One out-link of a routine: its peer is the consumer."""


class RoutineSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One routine: its code, its segments (descriptor numbers in the flow) and its links.

    ``number`` is its place in the pipeline; it names the routine's pool, and its hop of a message. ``hands`` is how
    many messages it may have in hand at once, ``rows`` how many slots it may fill, and ``foreign_rows`` how many
    messages it may pass on; its ledger may have place for more. ``read_pools`` are the descriptors of all pools that
    a message may name, and ``upstream`` the routines that it may have come through, both by number. ``paced`` says that
    sources are held to what their consumers can take.
    """

    name: str
    class_path: str
    params: dict[str, Any]
    fps: float | None
    on_error: str
    ledger_fd: int
    pool_fd: int
    bell_fd: int
    number: int
    read_pools: dict[int, int]
    upstream: dict[int, str]
    hands: int
    rows: int
    foreign_rows: int
    inputs: list[InputSpec]
    outputs: list[OutputSpec]
    paced: bool = False


class LogSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where a flow writes: a ``file`` with its path, or the ``journal`` with the folder of journald's sockets."""

    kind: str
    path: str = ""


class QuarantineSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages are put aside, and how much room they may take there."""

    folder: str
    limit_bytes: int


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What the last generation died of: the message that ``routine`` worked on; why, and the end of its log."""

    routine: str
    reason: str
    log: str


class TapSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told that looks at a link; its descriptors are open for reading, but for ``daemon_fd``.

    ``daemon_fd`` is a stream socket: each byte from there grants so much credit, and each answer goes back behind its
    length in 4 bytes, little-endian. ``pools`` are those of all routines whose arrays may lie in a message, by number.
    """

    ledger_fd: int
    column: int
    pools: dict[int, int]
    daemon_fd: int
    form: str
    interval_s: float
    picture_width: int
    most_bytes: int
    bgr: bool


class FlowSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that a flow is told when it is started; ``run`` names the run of its pipeline.

    ``gate_fd`` is a socket to the daemon, at its end when the daemon is gone. There the process waits for its Begin,
    which tells its generation, nonce and charge, and whether it is paused; one that settles needs a Prepare only.
    ``credentials`` are the names of those that its routines may read.
    Routines of a flow that works ``on_demand`` rest until the event ``start``, and rest again at ``stop``.
    ``stacks_fd`` is a file for the stacks of its threads; -1 where they go among its prints.
    """

    version: int = PROTOCOL_VERSION
    pipeline: str
    flow: str
    generation: int
    nonce: str = ""
    channel: str
    path: list[str]
    orphan_timeout_s: float
    stop_s: float
    log: LogSpec
    run: str
    quarantine: QuarantineSpec
    credentials: list[str] = []
    charge: Charge | None = None
    paused: bool = False
    on_demand: bool = False
    routines: list[RoutineSpec]
    gate_fd: int = -1
    stacks_fd: int = -1


class Prepare(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Daemon to a process at its gate: it is on record. A standby imports its code and waits on; who settles begins."""


class Begin(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Daemon to a process at its gate: it is this generation now, and any process before it is dead.

    A ``paused`` flow is set up and then takes nothing, until it hears the event ``resume``.
    """

    generation: int
    nonce: str
    charge: Charge | None
    paused: bool = False


class Hello(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Flow to daemon, first on every connection: who dials."""

    pipeline: str
    flow: str
    generation: int
    nonce: str
    pid: int
    version: int = PROTOCOL_VERSION


class Answer(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Flow to daemon: what one routine answered to one event; ``value`` counts where ``error`` is None.

    ``unhandled`` marks the error of a routine that has no handler for the event.
    """

    request: int
    routine: str
    value: Any = None
    error: str | None = None
    unhandled: bool = False


class Raise(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Flow to daemon: a routine called ``notify_event``; nobody waits for answers.

    ``targets`` maps flows to routines (empty list: all of the flow); an empty map means the whole pipeline.
    """

    routine: str
    event: str
    targets: dict[str, list[str]]
    params: dict[str, Any]


class Quarantined(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Flow to daemon: a message was put aside under the name ``id``, with all that it is worth to say in ``text``."""

    routine: str
    id: str
    text: str


class AskHandlers(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Daemon to flow: tell which events your routines handle; one Handlers comes for each of them."""


class HandlerParameter(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler takes by one name: its type as the author wrote it, or empty."""

    name: str
    type: str
    optional: bool


class Handler(msgspec.Struct, frozen=True, kw_only=True):
    """A method that handles an event; ``takes_more`` says that parameters of any other name are welcome too."""

    event: str
    parameters: list[HandlerParameter]
    takes_more: bool
    description: str


class Handlers(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Flow to daemon: what one routine handles, by event; ``error`` says why that cannot be told."""

    routine: str
    handlers: list[Handler]
    error: str = ""


class Deliver(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Daemon to flow: hand the event to these routines; each gives one Answer unless ``request`` is 0."""

    request: int
    event: str
    routines: list[str]
    params: dict[str, Any]


class Stop(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Daemon to flow: sources take no more, what is in hand is finished, cleanup runs, the flow exits 0."""


class Ping(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Daemon to flow: say that you hear this."""


class Pong(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Flow to daemon: a Ping was heard."""


FromFlow = Hello | Answer | Raise | Quarantined | Pong | Handlers
ToFlow = Deliver | Stop | Ping | AskHandlers
AtGate = Prepare | Begin

_encoder = msgspec.msgpack.Encoder()
_from_flow: msgspec.msgpack.Decoder[FromFlow] = msgspec.msgpack.Decoder(FromFlow)
_to_flow: msgspec.msgpack.Decoder[ToFlow] = msgspec.msgpack.Decoder(ToFlow)
_spec: msgspec.msgpack.Decoder[FlowSpec] = msgspec.msgpack.Decoder(FlowSpec)
_at_gate: msgspec.msgpack.Decoder[AtGate] = msgspec.msgpack.Decoder(AtGate)


def encode(message: FromFlow | ToFlow | AtGate) -> bytes:
    """One datagram.

    Raises:
        ValueError: it would exceed MAX_MESSAGE_BYTES.
        TypeError: it holds something that MessagePack cannot carry.
    """
    datagram = _encoder.encode(message)
    if len(datagram) > MAX_MESSAGE_BYTES:
        raise ValueError(
            f"it takes {len(datagram)} bytes, and {MAX_MESSAGE_BYTES} are the most: "
            "write what is large into a file, and send its path"
        )
    return datagram


def decode_from_flow(datagram: bytes) -> FromFlow:
    """Read what a flow sent; msgspec.MsgspecError on garbage."""
    return _from_flow.decode(datagram)


def decode_to_flow(datagram: bytes) -> ToFlow:
    """Read what the daemon sent; msgspec.MsgspecError on garbage."""
    return _to_flow.decode(datagram)


def decode_at_gate(datagram: bytes) -> AtGate:
    """Read what the daemon told a process at its gate; msgspec.MsgspecError on garbage."""
    return _at_gate.decode(datagram)


def encode_spec(spec: FlowSpec | TapSpec) -> bytes:
    """The specification as its process reads it from its descriptor."""
    return _encoder.encode(spec)


def decode_spec(content: bytes) -> FlowSpec:
    """Read a specification.

    Raises:
        msgspec.MsgspecError: it is none.
        ValueError: it is one of another version.
    """
    spec = _spec.decode(content)
    if spec.version != PROTOCOL_VERSION:
        raise ValueError(f"the daemon speaks version {spec.version}, this interpreter's pipertd {PROTOCOL_VERSION}")
    return spec


def decode_tap_spec(content: bytes) -> TapSpec:
    """Read a tap's specification, made by the same version of pipertd; msgspec.MsgspecError where it is none."""
    return msgspec.msgpack.decode(content, type=TapSpec)

"""What is sent of a message that passed: a TapLinkResponse, serialised here, so that the daemon looks at no payload."""

from __future__ import annotations

import time

from google.protobuf.timestamp_pb2 import Timestamp

from pipertd.picture import Array, as_picture, first_picture
from pipertd.protocol import TapSpec
from pipertd.rpc.tap_pb2 import Picture, TapLinkResponse, TappedMessage
from pipertd.tap.link import Passed
from pipertd.tap.plain import encode_plain


def answer(passed: Passed, spec: TapSpec, *, skipped: int, overtaken: int) -> bytes:
    """The message in the form that was asked for, or why it is omitted."""
    message = TappedMessage(
        sequence=passed.sequence,
        capture_time=_wall_time(passed.captured_ns),
        skipped=skipped,
        overtaken=overtaken,
        length=passed.length,
    )
    try:
        _fill(message, passed, spec)
    except MemoryError:
        message.omitted = f"it is {passed.length} bytes long, and the tap has not enough memory for it"
    return TapLinkResponse(message=message).SerializeToString()


def _fill(message: TappedMessage, passed: Passed, spec: TapSpec) -> None:
    if passed.omitted:
        message.omitted = passed.omitted
        return
    if spec.form != "messagepack" and (found := first_picture(passed.content)):
        _show(message, *found, spec)
    elif passed.length > spec.most_bytes:
        message.omitted = _too_long("it", passed.length, spec)
    elif len(plain := encode_plain(passed.content)) > spec.most_bytes:  # views of one slot may become two arrays
        message.omitted = _too_long("it", len(plain), spec)
    else:
        message.messagepack = plain


def _show(message: TappedMessage, path: str, array: Array, spec: TapSpec) -> None:
    data, width, height = as_picture(array, spec.form, width=spec.picture_width, bgr=spec.bgr)
    if len(data) > spec.most_bytes:
        message.omitted = _too_long(f"its picture of {width} x {height}", len(data), spec)
    else:
        message.picture.CopyFrom(Picture(data=data, width=width, height=height, path=path))


def _too_long(what: str, length: int, spec: TapSpec) -> str:
    return f"{what} is {length} bytes long, and {spec.most_bytes} are sent at most"


def _wall_time(captured_ns: int) -> Timestamp:
    """A time on the monotonic clock, on the wall clock as that is set now."""
    at = Timestamp()
    at.FromNanoseconds(time.time_ns() - time.monotonic_ns() + captured_ns)
    return at

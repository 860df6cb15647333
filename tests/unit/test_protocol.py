"""What daemon and flow say to each other arrives as it was."""

from __future__ import annotations

import math

import msgspec
import pytest

from pipertd.protocol import FlowSpec, LogSpec, QuarantineSpec, RoutineSpec, decode_spec, encode_spec


def spec(**params: object) -> FlowSpec:
    routine = RoutineSpec(
        name="r",
        class_path="m:C",
        params=params,
        fps=None,
        on_error="skip",
        ledger_fd=3,
        pool_fd=-1,
        bell_fd=4,
        number=0,
        read_pools={},
        upstream={},
        hands=1,
        rows=0,
        foreign_rows=0,
        inputs=[],
        outputs=[],
    )
    return FlowSpec(
        pipeline="p",
        flow="f",
        generation=1,
        nonce="n",
        channel="/x",
        path=[],
        orphan_timeout_s=0.0,
        stop_s=10.0,
        log=LogSpec(kind="file", path="/l"),
        run="20261103T100000",
        quarantine=QuarantineSpec(folder="/q", limit_bytes=1000),
        charge=None,
        routines=[routine],
    )


def test_params_arrive_as_the_definition_has_them() -> None:
    """Keys that are no text, and numbers that JSON does not have, pass."""
    params = {"labels": {1: "car", False: "x"}, "odd": [float("inf"), 2**63], "none": None}
    assert decode_spec(encode_spec(spec(**params))).routines[0].params == params
    (nan,) = decode_spec(encode_spec(spec(x=math.nan))).routines[0].params.values()
    assert math.isnan(nan)


def test_a_specification_of_another_version_is_refused() -> None:
    """A pipeline's interpreter with another pipertd in it says so, instead of failing somehow."""
    other = msgspec.structs.replace(spec(), version=999)
    with pytest.raises(ValueError, match="the daemon speaks version 999"):
        decode_spec(encode_spec(other))

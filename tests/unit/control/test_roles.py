"""Which rpc takes which role, as the protos say it."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from pipertd.control.roles import OURS, RPCS, Role, rpcs_of
from pipertd.rpc import pipeline_pb2


def test_an_rpc_that_does_not_say_who_may_call_it_is_refused() -> None:
    """A proto of ours with a method that has no least_role cannot be served: the daemon would not start."""
    file = descriptor_pb2.FileDescriptorProto(name="forgot.proto", package="forgot")
    file.message_type.add(name="Nothing")
    file.service.add(name="S").method.add(name="M", input_type=".forgot.Nothing", output_type=".forgot.Nothing")
    pool = DescriptorPool()
    pool.Add(file)
    proto = SimpleNamespace(DESCRIPTOR=pool.FindFileByName("forgot.proto"))
    with pytest.raises(TypeError, match=r"rpc forgot\.S\.M has no option \(pipertd\.v1\.least_role\)"):
        dict(rpcs_of((proto,)))


def test_the_page_on_security_has_every_rpc_under_its_role() -> None:
    """The table in docs/security.md is what the protos say, of every rpc of ours."""
    text = (Path(__file__).parents[3] / "docs/security.md").read_text()
    table = re.findall(r"^\| (observer|operator|admin) \| (.*) \|$", text, re.MULTILINE)
    told = {(role, name) for role, calls in table for name in re.findall(r"`(\w+)`", calls.split(", and")[0])}
    assert told == {(str(rpc.least_role), rpc.name) for _, rpc in rpcs_of(OURS)}


def test_an_rpc_is_known_by_the_path_that_grpc_calls_it_by() -> None:
    """Role and idempotence come from the method's options; standard services are for observers."""
    path = f"/{pipeline_pb2.DESCRIPTOR.services_by_name['PipelineService'].full_name}/"
    assert (RPCS[path + "Link"].least_role, RPCS[path + "Link"].changes) == (Role.ADMIN, True)
    assert (RPCS[path + "PlanReload"].least_role, RPCS[path + "PlanReload"].changes) == (Role.OPERATOR, False)
    assert RPCS["/grpc.health.v1.Health/Check"].least_role is Role.OBSERVER

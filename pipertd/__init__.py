"""Real-time analytics pipelines as a Linux service: what a pipeline author imports.

Names are loaded when they are first used, so that ``pipertctl`` never pays for numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from pipertd.data import Data as Data
    from pipertd.data import FrameData as FrameData
    from pipertd.embedded.event_names import KILL_EVENT_NAME as KILL_EVENT_NAME
    from pipertd.embedded.event_names import PAUSE_EVENT_NAME as PAUSE_EVENT_NAME
    from pipertd.embedded.event_names import RESUME_EVENT_NAME as RESUME_EVENT_NAME
    from pipertd.embedded.event_names import START_EVENT_NAME as START_EVENT_NAME
    from pipertd.embedded.event_names import STOP_EVENT_NAME as STOP_EVENT_NAME
    from pipertd.embedded.event_names import UNLINK as UNLINK
    from pipertd.embedded.event_names import UPDATE_FPS_NAME as UPDATE_FPS_NAME
    from pipertd.embedded.network import QueueNetwork as QueueNetwork
    from pipertd.embedded.pipe import Pipe as Pipe
    from pipertd.embedded.transmitter import BasicTransmitter as BasicTransmitter
    from pipertd.embedded.transmitter import DataTransmitter as DataTransmitter
    from pipertd.embedded.transmitter import SharedMemoryTransmitter as SharedMemoryTransmitter
    from pipertd.embedded.wire import Wire as Wire
    from pipertd.errors import CredentialMissing as CredentialMissing
    from pipertd.flow.credentials import Credential as Credential
    from pipertd.flow.events import class_functions_dictionary as class_functions_dictionary
    from pipertd.flow.events import events as events
    from pipertd.flow.placed import FPSRoutine as FPSRoutine
    from pipertd.flow.placed import FunctionalMiddleRoutine as FunctionalMiddleRoutine
    from pipertd.flow.routine import DestinationRoutine as DestinationRoutine
    from pipertd.flow.routine import EndOfStream as EndOfStream
    from pipertd.flow.routine import Envelope as Envelope
    from pipertd.flow.routine import Hop as Hop
    from pipertd.flow.routine import MiddleRoutine as MiddleRoutine
    from pipertd.flow.routine import SourceRoutine as SourceRoutine
    from pipertd.flow.synced import Synced as Synced
    from pipertd.wrappers.api import APIWrapper as APIWrapper
    from pipertd.wrappers.rpc import RPCPipeWrapper as RPCPipeWrapper

_HOMES = {
    "APIWrapper": "pipertd.wrappers.api",
    "BasicTransmitter": "pipertd.embedded.transmitter",
    "Credential": "pipertd.flow.credentials",
    "CredentialMissing": "pipertd.errors",
    "Data": "pipertd.data",
    "DataTransmitter": "pipertd.embedded.transmitter",
    "DestinationRoutine": "pipertd.flow.routine",
    "EndOfStream": "pipertd.flow.routine",
    "Envelope": "pipertd.flow.routine",
    "FPSRoutine": "pipertd.flow.placed",
    "FrameData": "pipertd.data",
    "FunctionalMiddleRoutine": "pipertd.flow.placed",
    "Hop": "pipertd.flow.routine",
    "KILL_EVENT_NAME": "pipertd.embedded.event_names",
    "MiddleRoutine": "pipertd.flow.routine",
    "PAUSE_EVENT_NAME": "pipertd.embedded.event_names",
    "Pipe": "pipertd.embedded.pipe",
    "QueueNetwork": "pipertd.embedded.network",
    "RESUME_EVENT_NAME": "pipertd.embedded.event_names",
    "RPCPipeWrapper": "pipertd.wrappers.rpc",
    "START_EVENT_NAME": "pipertd.embedded.event_names",
    "STOP_EVENT_NAME": "pipertd.embedded.event_names",
    "SharedMemoryTransmitter": "pipertd.embedded.transmitter",
    "SourceRoutine": "pipertd.flow.routine",
    "Synced": "pipertd.flow.synced",
    "UNLINK": "pipertd.embedded.event_names",
    "UPDATE_FPS_NAME": "pipertd.embedded.event_names",
    "Wire": "pipertd.embedded.wire",
    "class_functions_dictionary": "pipertd.flow.events",
    "events": "pipertd.flow.events",
}

__all__ = [
    "KILL_EVENT_NAME",
    "PAUSE_EVENT_NAME",
    "RESUME_EVENT_NAME",
    "START_EVENT_NAME",
    "STOP_EVENT_NAME",
    "UNLINK",
    "UPDATE_FPS_NAME",
    "APIWrapper",
    "BasicTransmitter",
    "Credential",
    "CredentialMissing",
    "Data",
    "DataTransmitter",
    "DestinationRoutine",
    "EndOfStream",
    "Envelope",
    "FPSRoutine",
    "FrameData",
    "FunctionalMiddleRoutine",
    "Hop",
    "MiddleRoutine",
    "Pipe",
    "QueueNetwork",
    "RPCPipeWrapper",
    "SharedMemoryTransmitter",
    "SourceRoutine",
    "Synced",
    "Wire",
    "class_functions_dictionary",
    "events",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pipertd' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

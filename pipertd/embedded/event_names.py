"""The built-in events, by the names that PipeRT2 gives them."""

from __future__ import annotations

from pipertd.flow.events import KILL, PAUSE, RESUME, START, STOP, UPDATE_FPS

START_EVENT_NAME = START
STOP_EVENT_NAME = STOP
PAUSE_EVENT_NAME = PAUSE
RESUME_EVENT_NAME = RESUME
KILL_EVENT_NAME = KILL
UPDATE_FPS_NAME = UPDATE_FPS

UNLINK = "unlink"

"""Log records of flows and of the daemon: one writer (in every process), one reader (in the daemon).

The writer is used inside flows and imports nothing heavier than msgspec. State: the files below ``STATE/logs``, one a
flow (``PIPELINE/FLOW.log``) and one for the daemon and its notices (``DAEMON.log``). May not import grpc or pydantic;
asyncio only in the reader, whose follower the daemon's loop runs.
"""

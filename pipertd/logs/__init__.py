"""Log records of flows and of the daemon: one writer (in every process), one store (in the daemon) to read them from.

The writers are used inside flows and import nothing heavier than msgspec; ``destination`` chooses one. State: what
journald keeps, or the files below ``STATE/logs``, one a flow (``PIPELINE/FLOW.log``) and one for the daemon and its
notices (``DAEMON.log``). May not import grpc or pydantic; asyncio only in stores, whose followers the daemon's loop
runs.
"""

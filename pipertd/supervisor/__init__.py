"""Keeps flows alive: starts them, watches them, restarts them, stops them, and records what happened.

Called by control, by ``pipertd serve`` and by ``pipertd run``. It owns all changing state of the daemon, on one asyncio
loop and therefore without a lock. May not import grpc, control or daemon; user code is never imported here.
"""

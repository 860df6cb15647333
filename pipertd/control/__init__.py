"""The protobuf boundary: one file a service. Called by the daemon; holds nothing but the open streams' count.

Frozen views go out as messages, requests come in as calls of the supervisor. Only ``codes`` knows gRPC's codes. May
import everything below it; nothing but the daemon imports it.
"""

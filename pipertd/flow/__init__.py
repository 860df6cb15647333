"""What runs inside a flow's process: user code on threads, between links in shared memory.

Started by the supervisor with ``python -m pipertd.flow``; the flows of a script are forked from its zygote. Holds the
routines of one flow and nothing else. Imports neither grpc nor asyncio nor pydantic, so that it starts in about the
time that numpy takes to import.
"""

"""The process that looks at what passes on a link: ``python -m pipertd.tap``, started by the daemon on demand.

It holds descriptors that are open for reading and one socket to the daemon, and no state but its place on the link. It
may import shared memory, the protocol and the stubs; no flow, no supervisor and no gRPC.
"""

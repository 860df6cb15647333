"""Bytes and arrays between processes: segments, ledgers, pools, links, leases, bells. Knows no flow.

Called by the flow runtime (to publish and to take) and by the supervisor (to make segments and to read words). Holds
no state of its own beside what its objects map. May import only names, errors and clock. The byte format, the order
of stores and the crash table stand in docs/data-plane.md.
"""

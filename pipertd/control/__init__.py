"""The protobuf boundary: one file a service. Called by the daemon; holds no state but what is open and who was refused.

Frozen views go out as messages, requests come in as calls of the supervisor. May import everything below it; nothing
but the daemon imports it.

Where things are, in the order in which a call meets them:

- how it comes in: server, doorway, doors, tls
- whether it may, and who hears of it: doorkeeper, caller, roles, limits, audit, refusals
- what it is: handling, reading, boundary
- what answers it: pipelines, definitions, status, facts, health, events, logs, quarantine, taps
- in which words: messages, times, pace, errors, codes
- and what is said of all of them: reference, called, document
"""

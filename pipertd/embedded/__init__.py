"""Pipe: the supervisor, the flows and the links of the daemon inside a script, for PipeRT2's users and for trying out.

The script forks a zygote, which holds its routines as they are and forks every flow from itself; then the supervisor
runs on a thread of the script, which hands events and log records on. Nothing here is imported by the daemon or by a
flow that it starts.

Where things are:

- what a script writes: pipe, wire, network, transmitter, event_names
- what becomes of it: definition, troupe, fork, zygote, supervision
- what goes on then, and at the end: order, orders, records, last_line
"""

"""Log records of flows and of the daemon: one writer (in every process), one store (in the daemon) to read them from.

The writers are used inside flows and import nothing heavier than msgspec; ``destination`` chooses one. State: what
journald keeps, or the files below ``STATE/logs``, one a flow (``PIPELINE/FLOW.log``) and one for the daemon and its
notices (``DAEMON.log``). May not import grpc or pydantic; asyncio only in stores, whose followers the daemon's loop
runs.

Where things are:

- what is written, into whatever: destination, content, printed
- into files: writer, append; from them: files, walk, series, parse, growth, tail
- into the journal: journal_writer, journal, flood; from it: journal_logs, journal_tail, journal_source, journal_child,
  journal_entry
- what is read, from whatever: store, record; handed on at once: handed
"""

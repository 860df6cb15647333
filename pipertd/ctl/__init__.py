"""pipertctl: the command line. One file a command group.

Most are calls of the client; definitions, certificates and what is wrong with the machine need no daemon.

A command's file is imported when it is called, the client and the definitions inside of those that need them: each
starts quickly. Holds no state. May import the client, the definitions, ``picture``, names, errors and clock.

Where things are:

- one command each: check, completion, event, handlers, logs, reload, schema, status, tap, top, version, watch; of
  several commands: daemon, enable, lifecycle, link, quarantine with show and replay, tls, new, graph, doctor
- the command line: app, lazy, settings, arguments, complete, elsewhere; how it ends: exits, leaving, outage
- what is printed: documents for programs, output; for people screen, usage, table, terminal; again and again: follow,
  live
- messages: unpack into files, summary in a few lines, plain for both
- what tls makes: certificates
"""

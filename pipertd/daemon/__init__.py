"""The composition root: settings, signals, systemd, and who is made in which order. Nothing imports it.

``pipertd serve`` is the daemon; ``pipertd run`` is the same supervisor around one definition, in the foreground.

Where things are:

- the two: serve, run; settings, records, logs, summary
- of serve: load, proving, proven, leaving, doors, tls, facts, descriptors; of run: progress
- systemd itself: notify, by which systemd and descriptor_store tell it something; unit, which asks it; after_stop
"""

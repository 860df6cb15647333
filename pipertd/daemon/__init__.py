"""The composition root: settings, signals, systemd, and who is made in which order. Nothing imports it.

``pipertd serve`` is the daemon; ``pipertd run`` is the same supervisor around one definition, in the foreground.
"""

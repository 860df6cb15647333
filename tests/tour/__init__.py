"""The recorded tour: docs/tour.md is its script, and what the commands in it print is recorded into it.

``python -m tests.tour`` (``make tour``) runs every command of the page against a real daemon in a folder of its own,
and writes what they print. ``--check`` (``make tour-check``) runs them as well, and fails where what is recorded has
not the same words and the same shape any more.
"""

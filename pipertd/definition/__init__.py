"""Definitions: from YAML files to frozen values, with every problem of every file said at once.

read (files, drop-ins, positions) → schema (types, units, known keys) → structure (names, links, cycles) → check (the
classes, in the pipeline's own interpreter). Pure after the read; holds no state. May import only names and errors.
"""

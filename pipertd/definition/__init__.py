"""Definitions: from YAML files to frozen values, with every problem of every file said at once.

parse (one file's values and places) → read (which files, drop-ins) → validate (types, units and known keys, by the
schema) → structure (names, links, cycles) → check (the classes, in the pipeline's own interpreter). Everything but
parse, read and classes is pure; holds no state. May import only names and errors.
"""

"""The documents of ``-o json`` and ``-o yaml``: a public contract.

``pipertctl schema COMMAND`` prints the JSON Schema of a command's.
Fields are added to a document, and none is renamed, removed or given another meaning: a program ignores those that it
does not know. Seconds stand in names that end in ``_s``, times are seconds since the epoch. Each file has documents of
one kind, and what makes of the client's records those that differ from them; ``likeness`` makes the others, and
``contract`` has the list.
"""

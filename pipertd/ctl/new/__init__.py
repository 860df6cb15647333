"""``pipertctl new``: a working start of a pipeline or of a routine, with its test.

The files are made out of ``templates``, in which ``$name`` stands for what is asked for. Holds no state, and never
writes over a file.
"""

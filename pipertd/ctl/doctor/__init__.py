"""``pipertctl doctor``: what is wrong with this machine, why that matters, and the command that mends it.

One file is one subject: it looks at the facts, and a pure function makes findings of them. Called by the command line
alone. Holds no state, changes nothing, and needs neither a daemon nor root: what it may not look at it says.
"""

"""``pipertctl graph``: a pipeline as a drawing, of one that runs or of a definition.

``graph`` is what is drawn, ``text``, ``mermaid`` and ``dot`` are ways to draw it. Called by the command line alone;
holds no state.
"""

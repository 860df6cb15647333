"""The manual pages, written by the programs that they are about: their options, their documents, their schema.

``python -m pipertd.manual FOLDER`` writes them; nothing else calls it, and a running pipertd never does. It imports
command lines by name, and may import the definitions' schema.
"""

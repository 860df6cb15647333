"""A package only because one of the benchmarked libraries installs a package of this name too."""

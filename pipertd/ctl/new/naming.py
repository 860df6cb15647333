"""Names that people give, and what they become in Python."""

from __future__ import annotations

import keyword
import re
import sys

from pipertd.names import NAME_PATTERN, is_name

_TAKEN = {"numpy", "pipertd", "pytest", "routines", "test", "tests"}


class NoGoodName(ValueError):
    """Raised when a name cannot be used; says why."""


def module_of(name: str, ending: str = "") -> str:
    """The module's name: ``blur_faces`` of ``blur-faces``, ``blur_faces`` and ``BlurFaces``; then ``ending``.

    Raises:
        NoGoodName: it is no name, or Python or a library has one like it.
    """
    if not is_name(name):
        raise NoGoodName(f"it is no name: a letter, then letters, digits, - and _ ({NAME_PATTERN})")
    module = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    if keyword.iskeyword(module) or keyword.issoftkeyword(module):
        raise NoGoodName(f"it is a word of Python; choose another, such as my-{name}")
    module += ending
    if module in sys.stdlib_module_names or module in _TAKEN:
        raise NoGoodName(f"Python has or would find another module {module}; choose another, such as my-{name}")
    return module


def class_of(module: str) -> str:
    """The class's name: ``BlurFaces``."""
    return "".join(word[:1].upper() + word[1:] for word in module.split("_"))

"""How each rpc is called in each language: one function of a program in clients/, as it stands there.

`make clients-test` runs these programs, so what the reference shows is what works. Another language is another row of
``LANGUAGES``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

CLIENTS = Path(__file__).resolve().parents[2] / "clients"

# What is behind the name of a function, up to its end; group 1 is what its first line is indented by.
_BRACED = r"(?s:\(.*?)\n\1\}$"
_INDENTED = r"\(.*(?:\n(?:\1[ \t)].*)?)*"


class Uncalled(ValueError):
    """Raised when a language has no function for an rpc, or more than one."""


class Language(NamedTuple):
    """One in which the calls are shown.

    Attributes:
        name: for people.
        fence: what Markdown knows it by.
        sources: its files, as a pattern below clients/.
        named: what makes the name of a function from that of an rpc.
        begins: what stands before the name of a function, as a regular expression.
        ends: what stands behind it.
    """

    name: str
    fence: str
    sources: str
    named: Callable[[str], str]
    begins: str
    ends: str = _BRACED

    def texts(self, clients: Path) -> dict[str, str]:
        """What is in its files, by their names in the repository."""
        return {f"clients/{file.relative_to(clients)}": file.read_text() for file in sorted(clients.glob(self.sources))}

    def function(self, rpc: str, sources: Mapping[str, str]) -> str:
        """The function of an rpc among the texts of these files.

        Raises:
            Uncalled: there is none, or more than one.
        """
        name = self.named(rpc)
        pattern = re.compile(rf"^([ \t]*){self.begins}{name}{self.ends}", re.MULTILINE)
        found = [(file, match[0]) for file, text in sources.items() for match in pattern.finditer(text)]
        if len(found) != 1:
            files = ", ".join(file for file, _ in found) or f"clients/{self.sources}"
            raise Uncalled(f"{self.name} is to have one function {name} for {rpc}, not {len(found)}: {files}")
        return textwrap.dedent(found[0][1]).rstrip()


def _camel(rpc: str) -> str:
    return rpc[0].lower() + rpc[1:]


def _snake(rpc: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", rpc).lower()


LANGUAGES = (
    Language("Python", "python", "python/calls.py", _snake, r"def ", _INDENTED),
    Language("Go", "go", "go/cmd/calls/*.go", _camel, r"func "),
    Language("TypeScript", "typescript", "typescript/src/calls.ts", _camel, r"async function "),
    Language("Java", "java", "java/src/main/**/Calls.java", _camel, r"static String "),
    Language("Rust", "rust", "rust/src/bin/calls/*.rs", _snake, r"pub async fn "),
    Language("C++", "cpp", "cpp/src/calls/*.cpp", str, r"std::string "),
)


class Call(NamedTuple):
    """How something is called: a function in a language."""

    language: Language
    code: str


def called(rpcs: Iterable[str], clients: Path = CLIENTS) -> dict[str, list[Call]]:
    """For each rpc the calls in all languages.

    Raises:
        Uncalled: a language has no function for one, or more than one.
    """
    sources = [(language, language.texts(clients)) for language in LANGUAGES]
    return {rpc: [Call(language, language.function(rpc, texts)) for language, texts in sources] for rpc in rpcs}

"""The documents say what is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from pipertd import control, embedded, supervisor
from pipertd.definition.model import MIB, Flow, Link, Pipeline, Resources, Restart, Routine, Watchdog
from pipertd.names import RoutineRef

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    file for pattern in ("*.md", "docs/**/*.md", "clients/*.md", "clients/*/*.md") for file in ROOT.glob(pattern)
)


def default(key: str) -> str:
    """What the table in docs/definitions.md says of ``key``, without backticks."""
    text = (ROOT / "docs/definitions.md").read_text()
    found = re.search(rf"^\| `{re.escape(key)}` \|.*\| (.*) \|$", text, re.MULTILINE)
    assert found is not None, key
    return found[1].replace("`", "")


def seconds(value: float) -> str:
    return f"{value * 1000:g}ms" if value < 1 else f"{value:g}s"


def test_table_of_defaults_is_the_model() -> None:
    """The defaults that people read are the ones that the code has."""
    restart, watchdog, resources = Restart(), Watchdog(), Resources()
    link = Link(RoutineRef("f", "a"), RoutineRef("f", "b"))
    routine = Routine("a", "m:C")
    pipeline = Pipeline("p", (Flow("f", (routine,)),), ())
    assert {
        key: default(key)
        for key in ("autostart", "shm_limit", "policy", "depth", "max_deliveries", "on_error", "restart.policy")
    } == {
        "autostart": str(pipeline.autostart).lower(),
        "shm_limit": f"{pipeline.shm_limit // MIB}M",
        "policy": link.policy.value,
        "depth": str(link.depth),
        "max_deliveries": str(link.max_deliveries),
        "on_error": routine.on_error.value,
        "restart.policy": restart.policy.value,
    }
    assert default("restart.backoff") == f"{seconds(restart.backoff_first_s)}..{seconds(restart.backoff_most_s)}"
    assert default("restart.limit") == f"{restart.limit} in {seconds(restart.window_s)}"
    assert default("watchdog.start") == seconds(watchdog.start_s)
    assert default("watchdog.progress") == seconds(watchdog.progress_s)
    assert default("watchdog.stop") == seconds(watchdog.stop_s)
    assert default("watchdog.contact") == seconds(watchdog.contact_s)
    assert (resources.cpus, resources.nice, resources.memory_max) == (None, None, None)
    assert (routine.fps, link.max_age_s, pipeline.python, pipeline.path) == (None, None, None, ())


def links(document: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)|<img [^>]*src=\"([^\"]+)\"", text):
        yield next(part for part in target if part)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """A link to a file of this repository leads to one that exists."""
    files = [target.partition("#")[0] for target in links(document) if "://" not in target]
    missing = [file for file in files if file and not (document.parent / file).exists()]
    assert missing == []


def test_every_decision_is_listed() -> None:
    """The list of decisions names each one."""
    folder = ROOT / "docs/adr"
    listed = set(re.findall(r"\((\d{4}-[a-z-]+\.md)\)", (folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def test_targets_that_the_documents_name_exist() -> None:
    """Every `make TARGET` in a document is a target with a description."""
    described = set(re.findall(r"^([a-z][a-z-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    code = "\n".join(
        "\n".join(re.findall(r"`[^`]+`|^```.*?^```", text, re.MULTILINE | re.DOTALL))
        for text in (document.read_text() for document in DOCUMENTS)
    )
    named = set(re.findall(r"\bmake ([a-z][a-z-]+)", code))
    assert named - described == set()


@pytest.mark.parametrize("package", [control, embedded, supervisor], ids=["control", "embedded", "supervisor"])
def test_a_package_says_where_each_of_its_files_belongs(package: ModuleType) -> None:
    """The map at the head of a large package has every file of it, once."""
    listed = re.findall(r"^- [^:]+: (.*)$", package.__doc__ or "", re.MULTILINE)
    files = Path(package.__path__[0]).glob("[a-z]*.py")
    assert sorted(re.findall(r"\w+", " ".join(listed))) == sorted(file.stem for file in files)

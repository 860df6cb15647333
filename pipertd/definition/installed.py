"""Definitions that are installed, and the links in /etc by which they are enabled and disabled.

As systemd has it. A definition lies in one of the folders, or anywhere else with a link to it in /etc. One that is
disabled is masked: a link to /dev/null in /etc replaces it. No file is ever changed or removed, only links are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipertd.definition.folder import entries
from pipertd.definition.parse import Unreadable, read_document
from pipertd.definition.read import FOLDERS, masks
from pipertd.errors import PipertdError

_NOTHING = Path("/dev/null")


class NotSwitched(PipertdError):
    """Raised when a definition cannot be enabled or disabled by a link."""


@dataclass(frozen=True)
class Installed:
    """One definition.

    Attributes:
        pipeline: as the file says it; the file's name where it says nothing that can be read.
        files: all of its name, in the order of the folders; the last one counts.
    """

    pipeline: str
    files: tuple[Path, ...]

    @property
    def enabled(self) -> bool:
        """Whether it is read by the daemon."""
        return not masks(self.files[-1])


@dataclass(frozen=True)
class Folders:
    """Where definitions lie: ``linked`` is the one that links are made in, among ``all`` in their order."""

    all: tuple[Path, ...]
    linked: Path

    @classmethod
    def below(cls, root: Path) -> Folders:
        """The usual ones, below another root."""
        found = tuple(root / folder.relative_to("/") for folder in FOLDERS)
        return cls(found, found[1])

    def installed(self) -> list[Installed]:
        """All definitions, by the names of their files.

        Raises:
            Unreadable: there is a folder that cannot be read.
        """
        found: dict[str, list[Path]] = {}
        for folder in self.all:
            for file in entries(folder, ".yaml"):
                found.setdefault(file.name, []).append(file)
        return [Installed(_pipeline(files), tuple(files)) for _, files in sorted(found.items())]

    def enable(self, one: Installed) -> bool:
        """Have it read; False where it is read already.

        Raises:
            NotSwitched: it is not masked by a link of ours.
            OSError: the folder may not be written to.
        """
        if one.enabled:
            return False
        mask = one.files[-1]
        if mask.parent != self.linked:
            raise NotSwitched(f"{mask} masks it, which goes before {self.linked}: remove that file")
        if len(one.files) == 1:
            raise NotSwitched(f"{mask} masks what is not there: give the file of its definition")
        mask.unlink()
        return True

    def link(self, file: Path) -> bool:
        """Have a definition read that lies elsewhere; False where it is read already.

        Raises:
            NotSwitched: another file has its name.
            OSError: the folder may not be written to.
        """
        link, goal = self.linked / file.name, file.absolute()
        if link.is_symlink() and link.resolve() == goal.resolve():
            return False
        if link.is_symlink() and masks(link):
            link.unlink()
        if link.exists() or link.is_symlink():
            raise NotSwitched(f"{link} is another file of that name")
        self.linked.mkdir(parents=True, exist_ok=True)
        link.symlink_to(goal)
        return True

    def disable(self, one: Installed) -> bool:
        """Have it read no more; False where it is not read.

        Raises:
            NotSwitched: its file is one that no link of ours can replace.
            OSError: the folder may not be written to.
        """
        if not one.enabled:
            return False
        link, counts = self.linked / one.files[0].name, one.files[-1]
        if counts == link and not link.is_symlink():
            why = "is a file and no link: say `autostart: false` in it, or move it elsewhere and enable it from there"
            raise NotSwitched(f"{counts} {why}")
        if counts != link and self.all.index(counts.parent) > self.all.index(self.linked):
            raise NotSwitched(f"{counts} goes before {self.linked}: remove that file")
        self.linked.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        if len(one.files) > 1 or counts != link:  # else there is nothing left to be masked
            link.symlink_to(_NOTHING)
        return True


def find(installed: Sequence[Installed], pipeline: str) -> Installed | None:
    """The definition of that pipeline; where several are, the one that is enabled."""
    found = [each for each in installed if each.pipeline == pipeline]
    return max(found, key=lambda each: each.enabled, default=None)


def _pipeline(files: Sequence[Path]) -> str:
    for file in reversed(files):
        if not masks(file):
            try:
                document = read_document(file)
            except Unreadable:
                continue
            if document is not None and isinstance(document.content, dict):
                return str(document.content.get("pipeline", file.stem))
    return files[0].stem

"""Builds the clients, each by the usual command of its language: ``python -m tests.clients.build [LANGUAGE]…``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from tests.clients.languages import LANGUAGES, Language, must_run


def main(names: list[str]) -> int:
    """Build those that are named, or all; how many could not be."""
    unknown = set(names) - {language.name for language in LANGUAGES}
    if unknown:
        print(f"there is no client in {', '.join(sorted(unknown))}", file=sys.stderr)
        return len(unknown)
    return sum(not _build(language) for language in LANGUAGES if language.name in names or not names)


def _build(language: Language) -> bool:
    """Whether it is as it has to be: built, or left out where that may be."""
    if missing := [tool for tool in language.tools if shutil.which(tool) is None]:
        print(f"clients/{language.name}: left out, because there is no {' and no '.join(missing)} here", flush=True)
        return not must_run()
    print(f"clients/{language.name}: {' '.join(language.build)}", flush=True)
    begin_s = time.monotonic()
    done = subprocess.run(language.build, cwd=language.folder, check=False)
    how = "built" if done.returncode == 0 else f"failed with exit code {done.returncode}"
    print(f"clients/{language.name}: {how} in {time.monotonic() - begin_s:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

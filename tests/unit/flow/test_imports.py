"""What a flow's process loads."""

from __future__ import annotations

import subprocess
import sys


def test_a_flow_imports_neither_grpc_nor_asyncio_nor_pydantic() -> None:
    """A flow starts in about the time that numpy takes to import, because it loads little more."""
    code = (
        "import sys, pipertd.flow.__main__; "
        "print(*sorted({'grpc', 'google', 'asyncio', 'pydantic', 'ruamel', 'click', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_pipertd_itself_imports_nothing_before_it_is_used() -> None:
    """``import pipertd`` costs nobody numpy."""
    code = "import sys, pipertd; print('numpy' in sys.modules, pipertd.SourceRoutine.kind)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False source\n"

"""``python -m pipertd.rpc.generate [--check]``: write the stubs from the protos, or say whether they are current."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PROTOS = REPOSITORY / "protos"
STUBS = Path(__file__).parent


def proto_files() -> list[Path]:
    """All of the public API."""
    return sorted((PROTOS / "pipertd/v1").glob("*.proto"))


def compiled(protos: Sequence[Path], *arguments: str) -> None:
    """Run the compiler over ``protos``.

    Raises:
        SystemExit: it refuses them, and has said why.
    """
    from grpc_tools import protoc

    folders = sorted({PROTOS, *(proto.parents[2] for proto in protos)})
    paths = [f"--proto_path={folder}" for folder in (*folders, files("grpc_tools") / "_proto")]
    status = protoc.main(["protoc", *paths, *arguments, *map(str, protos)])
    if status:
        raise SystemExit(status)


def generate(folder: Path) -> None:
    """Write all stubs into ``folder``."""
    with tempfile.TemporaryDirectory() as scratch:
        binaries = Path(sys.executable).parent
        compiled(
            proto_files(),
            f"--plugin=protoc-gen-mypy={binaries / 'protoc-gen-mypy'}",
            f"--plugin=protoc-gen-mypy_grpc={binaries / 'protoc-gen-mypy_grpc'}",
            *(f"--{kind}_out={scratch}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")),
        )
        for file in (Path(scratch) / "pipertd/v1").iterdir():
            # The generator names modules after the proto package; ours live in pipertd.rpc.
            text = file.read_text().replace("from pipertd.v1 import", "from pipertd.rpc import")
            (folder / file.name).write_text(text)


def stale_stubs() -> list[str]:
    """Names of stubs that differ from what the protos say."""
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        fresh = {file.name: file.read_text() for file in Path(scratch).iterdir()}
    there = {file.name: file.read_text() for file in STUBS.glob("*_pb2*.py*")}
    return sorted(name for name in {*fresh, *there} if fresh.get(name) != there.get(name))


def main() -> int:
    """Generate or check."""
    if sys.argv[1:] == ["--check"]:
        stale = stale_stubs()
        if stale:
            print(f"stale: {', '.join(stale)}; run `make protos`", file=sys.stderr)
        return 1 if stale else 0
    generate(STUBS)
    return 0


if __name__ == "__main__":
    sys.exit(main())

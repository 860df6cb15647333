"""``pipertctl``."""

from __future__ import annotations

from pipertd.ctl.app import app


def main() -> None:
    """Run the command line."""
    app(prog_name="pipertctl")


if __name__ == "__main__":
    main()

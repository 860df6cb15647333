"""What the daemon does not load."""

from __future__ import annotations

import subprocess
import sys


def test_a_daemon_without_tls_holds_no_cryptography() -> None:
    """It is 10 MiB, an eighth of what a daemon with fifty flows may take."""
    program = "import sys, pipertd.daemon.serve; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

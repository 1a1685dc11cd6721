"""A process that a library in C ends says from where in our code that library was called."""

from __future__ import annotations

import signal
import subprocess
import sys

FAILING = """
import os, signal
from services import __main__ as sammen

def fails_in_c() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)

sammen.app = fails_in_c
sammen.main()
"""


def test_what_ended_the_process_is_told() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in ended.stderr
    assert "in fails_in_c" in ended.stderr
    assert "__main__.py" in ended.stderr

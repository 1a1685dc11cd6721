"""Processes that a test starts and that must not outlive it, however the tests end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2); what is set stays set when the process becomes another program


def ending_with_me(*command: str, by: signal.Signals = signal.SIGTERM) -> list[str]:
    """The command, to which the kernel sends this signal when the thread that starts it is gone.

    SIGTERM lets it end what it has started itself; SIGKILL also reaches one that is stopped.
    """
    # Not in the child of a fork: that is unsafe where there are threads, and Kafka's library has.
    return [sys.executable, "-I", "-S", __file__, str(int(by)), *command]


def processes_naming(folder: str) -> list[str]:
    """Command lines with the folder in them, as services, brokers and databases have it."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if folder in line]


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 # the command as it was given

"""Processes that a test starts and that must not outlive it, however the tests end.

A child is killed by the kernel (`ending_with_me`). A server that has a session of its own, as
PostgreSQL has, is found by its folder (`guarded`). Brokers have a watcher of their own.

Run as a program it is what stands between a test and its children: `end-with PARENT COMMAND...`
becomes the command, `guard` reads a folder on standard input and waits until that ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2); what is set stays set when the process becomes another program
WHOEVER = 0
PROGRAM = (sys.executable, "-I", "-S", __file__)

LOOK_SECONDS = 0.1
LOOKS = 10
"""Of those that are to be in vain: what was being started when the tests were killed shows late."""
KILL_SECONDS = 7.0
"""A PostgreSQL that is told to end at once kills those of its processes that haven't in five."""
END_SECONDS_MAX = 10.0


def ending_with_me(*command: str, parent: int | None = None) -> list[str]:
    """The command, killed by the kernel when the thread that starts it is gone, even if stopped.

    Who starts it is this process, unless another is named, or WHOEVER it may be.
    """
    # Not in the child of a fork: that is unsafe where there are threads, and Kafka's library has.
    return [*PROGRAM, "end-with", str(os.getpid() if parent is None else parent), *command]


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """See to it that no process naming the folder, and no folder, outlives this block."""
    assert folder.is_absolute()
    assert len(folder.parts) > 2, "what names a folder of the root belongs to anybody"
    with subprocess.Popen(
        [*PROGRAM, "guard"], stdin=subprocess.PIPE, start_new_session=True, text=True
    ) as guard:
        assert guard.stdin is not None
        guard.stdin.write(f"{folder}\n")
        guard.stdin.flush()
        try:
            yield
        finally:
            guard.stdin.write("the block has ended\n")


def processes_naming(folder: str) -> dict[int, str]:
    """Command lines with the folder in them, as services, brokers and databases have it."""
    found = {}
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if f"{folder}/" in words or f"{folder} " in words:
                found[int(file.parent.name)] = words
    return found


def _end_with(parent: int, command: list[str]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if parent in (WHOEVER, os.getppid()):  # else it was gone before the kernel was asked
        os.execvp(command[0], command)  # noqa: S606 # the command as it was given


def _guard(starter: int) -> None:
    folder, told, _ = sys.stdin.readline().partition("\n")
    if not told:
        return  # the starter is gone, and has started nothing in there
    looks = 1 if sys.stdin.read() else LOOKS
    began = time.monotonic()
    while looks and (seconds := time.monotonic() - began) < END_SECONDS_MAX:
        found = processes_naming(folder)
        found.pop(starter, None)
        looks -= not found
        for pid, words in found.items():
            gently = "bin/postgres -D" in words and seconds < KILL_SECONDS
            with contextlib.suppress(OSError):  # gone, or another user's
                # Nobody else could find the children of a PostgreSQL, so it is to end them.
                os.kill(pid, signal.SIGQUIT if gently else signal.SIGKILL)
                os.kill(pid, signal.SIGCONT)
        if looks:
            time.sleep(LOOK_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["end-with", parent, *command]:
            _end_with(int(parent), command)
        case ["guard"]:
            _guard(os.getppid())

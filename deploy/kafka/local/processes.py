"""The processes of a cluster: found by what their command line says, ended by their id."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MAIN_CLASS = "kafka.Kafka"
RUN_OPTION = "-Dsammen.kafka.run="
END_SECONDS_MAX = 10.0
POLL_SECONDS = 0.02


def nodes_of_folder(data_dir: Path) -> list[int]:
    """Ids of the nodes that run on records in this folder, whoever started them."""
    prefix = f"{data_dir}/"
    return [
        pid
        for pid, arguments in _command_lines()
        if arguments[-2:-1] == [MAIN_CLASS] and arguments[-1].startswith(prefix)
    ]


def nodes_of_run(run: str) -> list[int]:
    """Ids of the nodes, and of what prepares their folders, that one start left running."""
    return [pid for pid, arguments in _command_lines() if RUN_OPTION + run in arguments]


def kill_all(pids: list[int]) -> None:
    """End the processes at once, and return when they are gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + END_SECONDS_MAX
    while time.monotonic() < deadline and not all(map(has_ended, pids)):
        time.sleep(POLL_SECONDS)


def has_ended(pid: int) -> bool:
    """Whether the process is gone, or dead and only waits for its parent to look at it.

    One that is dying is still there: its command line goes first, its files and locks afterwards.
    """
    try:
        return _state(Path(f"/proc/{pid}/stat")) in "ZX"
    except OSError:
        return True


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace")
                yield int(entry.name), words.rstrip("\0").split("\0")


def all_halted(pid: int) -> bool:
    """Whether no thread of the process runs after SIGSTOP."""
    states = []
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):  # a thread that has just ended
            states.append(_state(thread))
    return all(state in "TtZX" for state in states)


def _state(stat: Path) -> str:
    """The letter the kernel gives a process or thread. Raises OSError when it is gone."""
    return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]

"""Sees to it that no node outlives the process that started it, however that process ended.

A process of its own: `python watcher.py PARENT RUN [FOLDER]`. It holds the reading end of a pipe
and looks at who its parent is. When the pipe breaks or the parent is gone it kills the nodes of the
run, and removes the folder if one is named. Closing the pipe does the same, so that a cluster that
was stopped properly leaves nothing for it to do.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
import time
from pathlib import Path

LOOK_SECONDS = 0.3
# A node forked in the moment its starter was killed shows its command line only a moment later.
ROUNDS = 3


def watch(parent: int, run: str, folder: str | None) -> None:
    """Wait for the parent to end or to close the pipe, then clean up after it."""
    from deploy.kafka.local.processes import kill_all, nodes_of_run

    while os.getppid() == parent and not select.select([sys.stdin], [], [], LOOK_SECONDS)[0]:
        pass
    died = os.getppid() != parent
    kill_all(nodes_of_run(run))
    for _ in range(ROUNDS if died else 0):
        time.sleep(LOOK_SECONDS)
        kill_all(nodes_of_run(run))
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))
    watch(int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)  # noqa: PLR2004

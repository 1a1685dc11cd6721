"""A process that takes its time to die, as any with much memory does on a loaded machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# The kernel gives back page after page; as long as that takes there is no command line any more,
# and the files are still open.
MEGABYTES = 768
FILL = f"""
import mmap, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
memory = mmap.mmap(-1, {MEGABYTES} << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_NOHUGEPAGE)
for page in range(0, len(memory), mmap.PAGESIZE):
    memory[page] = 1
print("filled", flush=True)
sys.stdin.read()  # until the tests end, however they do
"""


@contextmanager
def slow_to_die(name: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A child of ours whose command line begins with the name; SIGINT ends it too."""
    with subprocess.Popen(
        [name, "-c", FILL, *arguments],
        executable=sys.executable,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "filled\n"
        try:
            yield process
        finally:
            process.kill()

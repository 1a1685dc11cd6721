"""The server process of one cluster folder: is it running, and how a new one is set going."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.database.binaries import HOST
from shared.database.folder import EmbeddedPostgresError

# What the server and initdb see of our environment: nothing that could steer them.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}

# Larger than any process id of Linux (at most 4194304) or macOS.
NOBODYS_PID = 4_999_999

POLL_SECONDS = 0.02

LOWEST_PORT = 15_000
EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
PORT_TRIES_MAX = 1_000

_PORT_LINE = 3
_PROC_IS_THERE = Path("/proc/self").exists()  # not on macOS


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A server process, as its postmaster.pid tells."""

    pid: int
    port: int


def read_postmaster(cluster: Path) -> Postmaster | None:
    """The server running in a cluster folder, None when there is none or it was killed."""
    pid_file = cluster / "postmaster.pid"
    try:
        lines = pid_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"{pid_file} may not be read by user {os.geteuid()}; the server there is another user's"
        ) from error
    if len(lines) <= _PORT_LINE or not (lines[0].isdigit() and lines[_PORT_LINE].isdigit()):
        return None  # still being written
    found = Postmaster(int(lines[0]), int(lines[_PORT_LINE]))
    return found if not has_exited(found.pid) and _serves(found.pid, cluster) else None


def disown_reused_pid(cluster: Path) -> None:
    """Let a new server start where a killed one's process id now belongs to another program.

    PostgreSQL would take that program for the old server and refuse. Only the number is replaced:
    the rest of the file holds what PostgreSQL needs to see that no process of the old server is
    still at work. A server that has written the file since somebody looked keeps its number, and a
    new one makes way for it. Call it only while no other server runs there.
    """
    pid_file = cluster / "postmaster.pid"
    try:
        first, *rest = pid_file.read_text(encoding="utf-8").splitlines(keepends=True)
    except (FileNotFoundError, ValueError):
        return
    if not first.strip().isdigit():
        return
    if _is_alive(int(first)) and not _serves(int(first), cluster):
        with pid_file.open("r+", encoding="utf-8") as file:
            file.write("".join([f"{NOBODYS_PID}\n", *rest]))
            file.truncate()


def spawn(command: Sequence[str], log_descriptor: int) -> int:
    """Start a program in a session of its own, its output going to the log; return its id."""
    return os.posix_spawn(
        command[0],
        tuple(command),
        ENVIRONMENT,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, log_descriptor, 1),
            (os.POSIX_SPAWN_DUP2, log_descriptor, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=(signal.SIGINT, signal.SIGTERM, signal.SIGQUIT),
    )


async def run_to_end(command: Sequence[str]) -> str | None:
    """Run a program; None when it succeeded, else what it complained of. Cancelling kills it."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
        cwd="/",  # whichever account it runs as, it can be there
    )
    try:
        _, complaint = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):  # it had just ended by itself
            process.kill()
        await process.wait()
        raise
    return complaint.decode(errors="replace").strip() if process.returncode else None


def has_exited(pid: int) -> bool:
    """Tell whether a process is gone, or dead and only waits for another parent to look at it.

    A dead child of ours is buried here. Nothing but this tells when a server has ended: the kernel
    takes a dying process's memory first, its command line with it, and its files, locks and port
    only then.
    """
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return not _is_alive(pid) or _is_zombie(pid)


async def end(pid: int, seconds_max: float) -> bool:
    """Have a server end, undoing what is not committed, and wait for that; whether it has."""
    deadline = asyncio.get_running_loop().time() + seconds_max
    if not has_exited(pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
    while not has_exited(pid):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def free_port() -> int:
    """A port nobody listens on at this moment, below those the system hands out by itself.

    From among those anybody could get the port of a server that is down, and would then keep it
    from coming back to where it is looked for.
    """
    try:
        highest = int(EPHEMERAL_RANGE.read_text(encoding="ascii").split()[0]) - 1
    except (OSError, ValueError, IndexError):
        highest = 32_767
    lowest = min(LOWEST_PORT, highest)
    for _ in range(PORT_TRIES_MAX):
        port = lowest + secrets.randbelow(highest - lowest + 1)
        if not port_is_taken(port):
            return port
    raise EmbeddedPostgresError(f"no free port was found on {HOST}; end what holds them")


def port_is_taken(port: int) -> bool:
    """Tell whether a server could not listen on the port."""
    with socket.socket() as probe:
        # As PostgreSQL does, or connections that have just ended would count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
        return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_zombie(pid: int) -> bool:
    if not _PROC_IS_THERE:
        return _ask_ps("state", pid).startswith("Z")
    try:
        # The name before the state may hold anything, parentheses too.
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return True  # buried since we looked
    return state in (b"Z", b"X")


def _serves(pid: int, cluster: Path) -> bool:
    """Tell whether a process is a PostgreSQL started on this folder, and not dying."""
    if not _PROC_IS_THERE:
        command = _ask_ps("command", pid)
        return "postgres" in command and str(cluster) in command
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return words[0].endswith("postgres") and str(cluster) in words


def _ask_ps(what: str, pid: int) -> str:
    """What the system's own tool says of a process where there is no /proc; "" of none."""
    return subprocess.run(  # noqa: S603 - a fixed program
        ["/bin/ps", "-o", f"{what}=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout

"""Runs a command beside a cluster, as if it had been started by itself."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping, Sequence

from deploy.kafka.local.failure import LocalKafkaError

PASSED_ON = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
SIGNALLED = 128  # what shells add to the signal that ended a command


def find_program(name: str) -> str:
    """Where the program of this name lies. Raises LocalKafkaError when there is none."""
    program = shutil.which(name)
    if program is None:
        raise LocalKafkaError(f"there is no command {name}")
    return program


def run_command(program: str, command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The command's exit code. Signals sent to this process are passed on to the command.

    A Ctrl-C is not: the terminal sends it to both.
    """
    awaited = PASSED_ON | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    try:
        pid = os.posix_spawn(program, list(command), environment, setsigmask=[])
        while True:
            got = signal.sigwaitinfo(awaited)
            if got.si_signo == signal.SIGCHLD:
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    code = os.waitstatus_to_exitcode(status)
                    return code if code >= 0 else SIGNALLED - code
            elif got.si_pid != 0:  # a process sent it, not the terminal
                os.kill(pid, got.si_signo)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

"""One node of a cluster: its folder, its one-time formatting, its process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.kafka.local.failure import LocalKafkaError
from deploy.kafka.local.memory import Memory
from deploy.kafka.local.ports import HOST
from deploy.kafka.local.processes import MAIN_CLASS, RUN_OPTION, all_halted
from deploy.kafka.local.properties import LOGGING
from deploy.kafka.local.wire import MECHANISM

LAST_LINES = 12
LEAN = ("-Xms64m", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
FAST = ("-Xms256m", "-Xmx1g")
HALT_LOOK_SECONDS = 0.005


@dataclass(slots=True)
class Node:
    """A node that runs or doesn't; the cluster decides when."""

    node_id: int
    folder: Path
    java: Sequence[str]
    """Java with the options and class path that every program of Kafka needs."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """Where the node writes what troubles it."""
        return self.folder / "server.log"

    def write_settings(self, text: str) -> None:
        """Put the settings where formatting and starting read them; they hold a password."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        (self.folder / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
        file = self.folder / "server.properties"
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")

    def begin_formatting(self, memory: Memory, run: str) -> subprocess.Popen[str]:
        """Prepare the records' folder, dropping what an interrupted attempt left there.

        Arguments go through a file, since everybody on this machine may read a command line.
        """
        shutil.rmtree(self.folder / "records", ignore_errors=True)
        voters = ",".join(
            f"{node}@{HOST}:{memory.controller_ports[node - 1]}:{memory.directory_ids[node - 1]}"
            for node in memory.node_ids
        )
        users = [
            f'--add-scram "{MECHANISM}=[name={user},password={password}]"'
            for user, password in memory.passwords.items()
        ]
        arguments = self.folder / "format.arguments"
        arguments.touch(mode=0o600)
        arguments.write_text(
            "\n".join(
                (
                    "kafka.tools.StorageTool format",
                    f"--cluster-id {memory.cluster_id}",
                    f'--config "{self.folder / "server.properties"}"',
                    f"--initial-controllers {voters}",
                    *users,
                )
            ),
            encoding="utf-8",
        )
        return subprocess.Popen(
            [*self.java, *LEAN, f"{RUN_OPTION}{run}", f"@{arguments}"],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end_formatting(self, formatting: subprocess.Popen[str]) -> None:
        """Wait for it. What it printed is not repeated: it has the users' stored keys."""
        said, _ = formatting.communicate()
        (self.folder / "format.arguments").unlink(missing_ok=True)
        if formatting.returncode != 0:
            about = [line for line in said.splitlines() if "xception" in line or "error" in line]
            harmless = [line for line in about if "password" not in line and "SCRAM" not in line]
            raise LocalKafkaError(
                f"Kafka's folder {self.folder} could not be prepared: "
                + ("; ".join(harmless[:3]) or f"its tool ended with {formatting.returncode}")
            )

    def spawn(self, run: str, options: Sequence[str]) -> None:
        """Start the process, in a session of its own, so that a Ctrl-C is not meant for it."""
        assert self.process is None or self.process.poll() is not None, "the node runs"
        # Java unpacks libraries there, and who is killed leaves them: not in a folder of everybody.
        temporary = self.folder / "temporary"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *self.java,
                    *options,
                    f"{RUN_OPTION}{run}",
                    f"-Djava.io.tmpdir={temporary}",
                    f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
                    *(MAIN_CLASS, str(self.folder / "server.properties")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
                env=_environment(),
            )

    def is_running(self) -> bool:
        """Whether the process is there, be it stopped by a signal."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Tell the process, if it runs."""
        if self.process is not None and self.is_running():
            os.kill(self.process.pid, number)

    def pause(self) -> None:
        """Halt the process; returns when every thread of it stands still, which takes a moment."""
        self.signal(signal.SIGSTOP)
        while self.process is not None and self.is_running() and not all_halted(self.process.pid):
            time.sleep(HALT_LOOK_SECONDS)

    def wait(self, seconds: float) -> None:
        """Wait for the process to end, and kill it after so many seconds."""
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        """The end of the log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-LAST_LINES:])


def _environment() -> dict[str, str]:
    """Ours, but for the language: without one Java can't open a file whose name is not ASCII."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}

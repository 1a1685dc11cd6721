"""A real Apache Kafka on this machine, without containers: one node or three."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path

from deploy.kafka.local.certificates import make_certificates
from deploy.kafka.local.failure import LocalKafkaError
from deploy.kafka.local.fetching import class_archive, fetch_jars, find_java
from deploy.kafka.local.memory import ADMIN, ClusterFolder, Memory
from deploy.kafka.local.node import FAST, LEAN, Node
from deploy.kafka.local.ports import HOST, is_taken
from deploy.kafka.local.processes import kill_all, nodes_of_folder
from deploy.kafka.local.properties import node_properties
from deploy.kafka.local.wire import Login, known_nodes

START_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 10.0
PORT_WAIT_SECONDS_MAX = 3.0
POLL_SECONDS = 0.05
WATCHER = Path(__file__).with_name("watcher.py")


def _say_nothing(_: str) -> None:
    pass


@dataclass
class LocalKafka:
    """The cluster of one folder. Its nodes end with the process that started them, also by kill -9.

    A folder keeps records, ports and passwords from one start to the next, and its kind: how many
    nodes, whether it is secured (TLS, SCRAM and ACLs; the user `admin` may do everything) and its
    users by name with their passwords, an empty one standing for one to be made up.
    """

    data_dir: Path
    _: KW_ONLY
    nodes: int = 1
    secured: bool = False
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    fast_failover: bool = False
    """Notice a dead node after 3 s, not 9; and let members of groups have short sessions."""
    port: int | None = None
    """Node 1's port for clients, node 2's is the next; without it, any that are free."""
    lean: bool = True
    """Save memory and start fast; switch it off to measure what Kafka can do."""
    throw_away: bool = False
    """Remove the folder when the cluster stops or its starter dies."""
    java_options: Sequence[str] = ()
    """Options of Java beyond ours."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the brokers beyond ours, by Kafka's names."""
    say: Callable[[str], None] = _say_nothing
    """Is told, in a line each, what takes long."""

    def __post_init__(self) -> None:
        assert self.nodes in (1, 3), "one node, or three, which is how many survive a loss"
        self._folder = ClusterFolder(self.data_dir)
        self.data_dir = self._folder.path
        self._memory: Memory | None = None
        self._nodes: dict[int, Node] = {}
        self._watcher: subprocess.Popen[bytes] | None = None
        self._run = ""

    def start(self) -> None:
        """Start all nodes; returns when each of them knows all the others.

        Leftovers of a starter that was killed are ended first. Raises LocalKafkaError, with what to
        do, when Java or the jars can't be had, the folder or a port is taken, or a node ends.
        """
        assert not self._nodes, "the cluster runs"
        self._folder.claim()
        try:
            java = self._java()
            leftovers = nodes_of_folder(self.data_dir)
            if leftovers:
                self.say(f"ending what an earlier start left running: process {leftovers}")
                kill_all(leftovers)
            memory = self._folder.recall(self.nodes, self.users, self.port, secured=self.secured)
            self._memory = memory
            for port in memory.client_ports:
                _await_free(port)
            for port in memory.controller_ports:
                _await_free(port, remedy="name another folder: the nodes of this one were made so")
            self._nodes = {
                node_id: Node(node_id, self.data_dir / f"node-{node_id}", java)
                for node_id in memory.node_ids
            }
            self._run = f"{os.getpid()}-{secrets.token_hex(8)}"
            self._watcher = self._start_watcher()
            self._prepare(memory)
            self.say(f"starting Apache Kafka, {self.nodes} node(s), in {self.data_dir}")
            for node in self._nodes.values():
                node.spawn(self._run, self._options())
            self._await_ready()
        except BaseException:
            self.stop(at_once=True)
            raise

    def stop(self, *, at_once: bool = False, seconds: float = STOP_SECONDS_MAX) -> None:
        """Stop all nodes; one that takes longer than so many seconds is killed, `at_once` all are.

        Killing loses no record that was acknowledged. Does nothing when the cluster doesn't run.
        """
        for node in self._nodes.values():
            node.signal(signal.SIGKILL if at_once else signal.SIGTERM)
            node.signal(signal.SIGCONT)
        deadline = time.monotonic() + seconds
        for node in self._nodes.values():
            node.wait(max(0.0, deadline - time.monotonic()))
        self._nodes = {}
        if self._watcher is not None:
            assert self._watcher.stdin is not None
            self._watcher.stdin.close()
            self._watcher.wait()
            self._watcher = None
        if self.throw_away and self._folder.is_claimed():
            shutil.rmtree(self.data_dir, ignore_errors=True)
        self._folder.release()

    def __enter__(self) -> LocalKafka:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """The nodes' addresses for clients, separated by commas."""
        return ",".join(f"{HOST}:{port}" for port in self._remembered().client_ports)

    @property
    def ca_file(self) -> Path | None:
        """Who signed the nodes' certificates; None when the cluster is not secured."""
        return self.data_dir / "ca.pem" if self.secured else None

    def password_of(self, user: str) -> str:
        """The password of `admin` or another user of the secured cluster."""
        return self._remembered().passwords[user]

    def node_pids(self) -> dict[int, int]:
        """Process ids of the nodes that run, by node."""
        return {
            node_id: node.process.pid
            for node_id, node in self._nodes.items()
            if node.process is not None and node.is_running()
        }

    def known_to(self, node_id: int) -> set[int]:
        """The nodes that this one takes to be alive. Raises OSError when it does not answer."""
        login = None
        if self.secured:
            trust = ssl.create_default_context(cafile=self.ca_file)
            login = Login(ADMIN, self.password_of(ADMIN), trust)
        return known_nodes(self._remembered().client_ports[node_id - 1], login)

    def kill_node(self, node_id: int) -> None:
        """End the node as a crash would."""
        self._nodes[node_id].signal(signal.SIGKILL)
        self._nodes[node_id].wait(STOP_SECONDS_MAX)

    def stop_node(self, node_id: int) -> None:
        """Let the node hand over its partitions and end; it is killed after 10 s."""
        self._nodes[node_id].signal(signal.SIGTERM)
        self._nodes[node_id].signal(signal.SIGCONT)
        self._nodes[node_id].wait(STOP_SECONDS_MAX)

    def start_node(self, node_id: int) -> None:
        """Start a node that ended; returns when it and those that run know each other."""
        _await_free(self._remembered().client_ports[node_id - 1])
        self._nodes[node_id].spawn(self._run, self._options())
        self._await_ready()

    def pause_node(self, node_id: int) -> None:
        """Let the node hang: its connections stand, it answers nothing."""
        self._nodes[node_id].pause()

    def resume_node(self, node_id: int) -> None:
        """Let a paused node go on."""
        self._nodes[node_id].signal(signal.SIGCONT)

    def _java(self) -> tuple[str, ...]:
        java, jars = find_java(), fetch_jars(say=self.say)
        archive = class_archive(java, jars)
        learned = (f"-XX:SharedArchiveFile={archive}",) if archive.exists() else ()
        return (str(java.program), *learned, "-cp", f"{jars}/*")

    def _options(self) -> tuple[str, ...]:
        return (*(LEAN if self.lean else FAST), *self.java_options)

    def _remembered(self) -> Memory:
        assert self._memory is not None, "the cluster was never started"
        return self._memory

    def _prepare(self, memory: Memory) -> None:
        """Write the settings; format the folders unless a former start did."""
        if self.secured and not (self.data_dir / "node.pem").exists():
            make_certificates(self.data_dir)
        for node in self._nodes.values():
            node.write_settings(
                node_properties(
                    memory,
                    node.node_id,
                    node.folder,
                    fast_failover=self.fast_failover,
                    extra=self.settings,
                )
            )
        if not memory.formatted:
            formattings = [
                (node, node.begin_formatting(memory, self._run)) for node in self._nodes.values()
            ]
            for node, formatting in formattings:
                node.end_formatting(formatting)
            self._memory = replace(memory, formatted=True)
            self._folder.write(self._memory)

    def _start_watcher(self) -> subprocess.Popen[bytes]:
        folder = [str(self.data_dir)] if self.throw_away else []
        return subprocess.Popen(
            [sys.executable, "-ISB", str(WATCHER), str(os.getpid()), self._run, *folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        running = list(self.node_pids())
        waiting = list(running)
        while waiting:
            self._check_alive(running)
            if time.monotonic() > deadline:
                raise LocalKafkaError(
                    f"Kafka did not get ready within {START_SECONDS_MAX:.0f} s; look into "
                    f"{self._nodes[waiting[0]].log}"
                )
            if self._knows(waiting[0], running):
                waiting.pop(0)
            else:
                time.sleep(POLL_SECONDS)

    def _knows(self, node_id: int, others: Iterable[int]) -> bool:
        try:
            return self.known_to(node_id).issuperset(others)
        except OSError:
            return False

    def _check_alive(self, node_ids: Iterable[int]) -> None:
        for node_id in node_ids:
            node = self._nodes[node_id]
            if not node.is_running():
                status = node.process.returncode if node.process is not None else None
                raise LocalKafkaError(
                    f"node {node_id} of Kafka ended (status {status}); the last words in "
                    f"{node.log}:\n"
                    f"{node.last_words()}"
                )


def _await_free(port: int, *, remedy: str = "choose another") -> None:
    """One that was killed a moment ago may still hold it."""
    deadline = time.monotonic() + PORT_WAIT_SECONDS_MAX
    while is_taken(port):
        if time.monotonic() > deadline:
            raise LocalKafkaError(
                f"port {port} on {HOST} is taken by another program; end that, or {remedy}"
            )
        time.sleep(POLL_SECONDS)

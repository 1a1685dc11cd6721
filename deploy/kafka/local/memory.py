"""What a cluster's folder remembers from one start to the next."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from deploy.kafka.local.failure import LocalKafkaError
from deploy.kafka.local.ports import free_ports

ADMIN = "admin"
"""The user who may do everything; the nodes speak to each other as this one too."""
PLAIN_WORD = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Memory:
    """A cluster as it was made; node n stands at index n - 1 of each list."""

    cluster_id: str
    secured: bool
    client_ports: list[int]
    controller_ports: list[int]
    directory_ids: list[str]
    passwords: dict[str, str] = field(repr=False)
    formatted: bool = False

    @property
    def node_ids(self) -> range:
        """The nodes, counted from 1."""
        return range(1, len(self.client_ports) + 1)


class ClusterFolder:
    """The folder of one cluster, which one process at a time may run."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._file = self.path / "cluster.json"
        self._lock: int | None = None

    def claim(self) -> None:
        """Make the folder ours until `release`. Raises LocalKafkaError when it is another's."""
        if "," in str(self.path):
            raise LocalKafkaError(
                f"{self.path} has a comma, which parts two folders for Kafka; name another folder"
            )
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._file.exists() and any(
                entry.name != "lock" for entry in self.path.iterdir()
            ):
                raise LocalKafkaError(f"{self.path} holds something else; name another folder")
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise LocalKafkaError(f"{self.path} can't be used: {error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._lock, 20).decode() or "another"
            self.release()
            raise LocalKafkaError(
                f"the Kafka in {self.path} is run by process {holder}; "
                "use that, stop it, or name another folder"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def is_claimed(self) -> bool:
        """Whether it is ours."""
        return self._lock is not None

    def release(self) -> None:
        """Let others have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self) -> Memory | None:
        """What was remembered; None in a new folder."""
        try:
            return Memory(**json.loads(self._file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise LocalKafkaError(f"{self._file} can't be read; remove {self.path}") from error

    def write(self, memory: Memory) -> None:
        """Remember, whole or not at all."""
        draft = self._file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(memory), indent=1), encoding="utf-8")
        draft.replace(self._file)

    def recall(
        self, nodes: int, users: Mapping[str, str], port: int | None, *, secured: bool
    ) -> Memory:
        """The cluster of this folder, made up when there is none, with its ports as wanted now.

        Raises LocalKafkaError when the folder holds a cluster of another kind.
        """
        memory = self.read() or _made_up(nodes, users, secured=secured)
        if (len(memory.client_ports), memory.secured) != (nodes, secured):
            kind = f"{len(memory.client_ports)} node(s), {'secured' if memory.secured else 'plain'}"
            raise LocalKafkaError(f"{self.path} was made with {kind}; name another folder")
        for user, password in users.items():
            assert PLAIN_WORD.fullmatch(user), "a user's name has letters, digits, dots and dashes"
            assert PLAIN_WORD.fullmatch(password or "-"), "so has a password"
            if user not in memory.passwords or password not in ("", memory.passwords[user]):
                raise LocalKafkaError(
                    f"{self.path} was made without the user {user}, or with another password; "
                    "name another folder"
                )
        if port is not None:
            memory = replace(memory, client_ports=list(range(port, port + nodes)))
        self.write(memory)
        return memory


def _made_up(nodes: int, users: Mapping[str, str], *, secured: bool) -> Memory:
    ports = free_ports(2 * nodes)
    wanted = {ADMIN: "", **users} if secured else {}
    return Memory(
        cluster_id=_random_id(),
        secured=secured,
        client_ports=ports[:nodes],
        controller_ports=ports[nodes:],
        directory_ids=[_random_id() for _ in range(nodes)],
        passwords={user: given or secrets.token_hex(16) for user, given in wanted.items()},
    )


def _random_id() -> str:
    """An id as Kafka writes them, never with the leading dash that its tools take for an option."""
    while (made := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made

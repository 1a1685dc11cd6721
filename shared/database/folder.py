"""The data folder of an embedded server: ours alone, and changed by one process at a time.

launch.lock     the first file made in it, so that its presence says whose folder this is;
                held while a server is being started or stopped
state.json      passwords and port, for nobody's eyes but the owner's
cluster/        PostgreSQL's own data directory
server.log      what the server last said; server.log.1 is the run before
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

LOCK_POLL_SECONDS = 0.02
LOCK_WAIT_SECONDS_MAX = 120.0
CLEAR_SECONDS_MAX = 10.0
PASSWORD_BYTES = 24


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL can't be started or stopped; the message says what to do."""


@dataclass(frozen=True, slots=True)
class State:
    """What must be remembered from one start to the next."""

    superuser_password: str
    owner_password: str
    port: int | None = None
    owner_created: bool = False


class DataFolder:
    """One data folder on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.cluster = self.path / "cluster"
        self.log = self.path / "server.log"
        self._lock = self.path / "launch.lock"
        self._state = self.path / "state.json"

    def claim(self) -> None:
        """Make the folder ours, creating it when it isn't there.

        Raises EmbeddedPostgresError, and touches nothing, when it holds anything of others.
        """
        try:
            # Others may pass through, since root's server runs as another account; each thing
            # inside is closed to them by itself.
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            if not self._lock.exists() and any(self.path.iterdir()):
                raise EmbeddedPostgresError(
                    f"{self.path} holds something else than a database of ours, and is left as "
                    "it is; name an empty or new folder"
                )
            if not self._lock.exists():
                self._lock.touch(mode=0o600)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"{self.path} can't be used as data folder ({error.strerror}); name another"
            ) from error

    def is_claimed(self) -> bool:
        """Tell whether a server of ours ever lived here."""
        return self._lock.exists()

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Be the only process that starts or stops a server here; kill -9 lets go of it too."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"{self.path} was made by another user; start as that user, or name another folder"
            ) from error
        try:
            await self._wait_for_lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    async def _wait_for_lock(self, descriptor: int) -> None:
        deadline = asyncio.get_running_loop().time() + LOCK_WAIT_SECONDS_MAX
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if asyncio.get_running_loop().time() > deadline:
                    raise EmbeddedPostgresError(
                        f"another process has been starting or stopping the server in {self.path} "
                        f"for {LOCK_WAIT_SECONDS_MAX:.0f} s; end it and try again"
                    ) from None
            await asyncio.sleep(LOCK_POLL_SECONDS)

    def read_state(self) -> State:
        """What was remembered, or fresh passwords where there is no cluster yet."""
        try:
            return State(**json.loads(self._state.read_text(encoding="utf-8")))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError) as error:
            raise EmbeddedPostgresError(
                f"{self._state} can't be read ({error}); restore it, or move {self.path} away"
            ) from error
        if self.cluster.exists():
            raise EmbeddedPostgresError(
                f"{self._state} is gone, and with it the passwords of the cluster beside it; "
                f"restore it, or move {self.path} away"
            )
        state = State(
            superuser_password=secrets.token_urlsafe(PASSWORD_BYTES),
            owner_password=secrets.token_urlsafe(PASSWORD_BYTES),
        )
        self.write_state(state)
        return state

    def write_state(self, state: State) -> None:
        """Remember, so that a crash leaves the old or the new state and no half of one."""
        draft = self._state.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._state)

    def remember_port(self, state: State, port: int) -> State:
        """Write the port down, unless it is the one already remembered."""
        if state.port == port:
            return state
        changed = replace(state, port=port)
        self.write_state(changed)
        return changed

    async def clear_drafts(self) -> None:
        """Remove what a start that was killed half-way left behind."""
        deadline = asyncio.get_running_loop().time() + CLEAR_SECONDS_MAX
        while drafts := list(self.path.glob("cluster.new-*")):
            # An initdb that outlived its starter may still be writing, but won't for long.
            late = asyncio.get_running_loop().time() > deadline
            for draft in drafts:
                shutil.rmtree(draft, ignore_errors=not late)
            await asyncio.sleep(LOCK_POLL_SECONDS)

    def new_draft(self) -> Path:
        """A path for a cluster that isn't finished."""
        return self.path / f"cluster.new-{secrets.token_hex(4)}"

    def turn_log(self) -> int:
        """Begin a new log, keeping the last; return its descriptor, for the caller to close."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        return os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def last_words(self) -> str:
        """The end of the log, for a message about a server that didn't start."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-5:])

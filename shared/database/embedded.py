"""A real PostgreSQL for whoever has none: started from a wheel's binaries by this launcher.

The server belongs to its data folder, not to the process that started it: it lives in a session of
its own, outlives a kill -9 of its starter, and whoever starts the same folder next finds it. It
listens on 127.0.0.1 only (a socket's path may be no longer than 107 bytes, a folder's may), with
random passwords kept in the folder.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncpg.exceptions import PostgresError

from shared.database.binaries import (
    HOST,
    MAJOR_VERSION,
    SUPERUSER,
    Account,
    choose_account,
    find_binaries,
    initdb_command,
    postgres_command,
)
from shared.database.faults import DatabaseUnavailableError, Fault, fault_of
from shared.database.folder import DataFolder, EmbeddedPostgresError, State
from shared.database.owner import OWNER, create_owner
from shared.database.postmaster import (
    POLL_SECONDS,
    Postmaster,
    disown_reused_pid,
    end,
    free_port,
    has_exited,
    port_is_taken,
    read_postmaster,
    run_to_end,
    spawn,
)
from shared.database.session import open_session

# Recovery after a crash comes before the first answer.
START_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 60.0
PORT_WAIT_SECONDS_MAX = 2.0

# What the server says when another program took the port between our look and its bind.
PORT_LOST = "could not create any TCP/IP sockets"
# What it says when processes of a killed server have not noticed yet; they will.
REMNANTS_LEFT = "is still in use"
REMNANTS_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server; the addresses hold passwords and don't show in its text."""

    owner_url: str = field(repr=False)
    """The database `sammen` as its owner `sammen`, who may create roles and databases."""
    superuser_url: str = field(repr=False)
    """The database `postgres` as superuser; for tests that do what nobody should."""
    port: int
    pid: int
    found_running: bool
    """Whether somebody else had started it, who may still be using it."""


class EmbeddedPostgres:
    """The server of one data folder. A server that is not `durable` may lose all in a power cut.

    Without a `port` the one of the last start is taken, or any free one.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        port: int | None = None,
        binaries: Path | None = None,
    ) -> None:
        self._folder = DataFolder(data_dir)
        self._durable = durable
        self._port = port
        self._binaries = binaries
        self._spawned: list[int] = []

    async def start(self) -> EmbeddedServer:
        """Start the server, or find it running; returns once it answers.

        Any number of processes may do so at once: one starts it, the others find it. Cancelled, it
        leaves no server behind. Raises EmbeddedPostgresError, with what to do, when the folder or
        the port is taken by something else, the folder was made by another version or user, or the
        server does not start.
        """
        binaries = self._binaries or find_binaries()
        self._folder.claim()
        async with self._folder.locked(), self._ended_if_cancelled():
            self._check_version()
            account = choose_account(self._folder.cluster, binaries)
            state = self._folder.read_state()
            found = read_postmaster(self._folder.cluster)
            # One that was killed a moment ago is still found, and ends while we wait for it.
            if found is None or not await self._gets_ready(found, state):
                await self._initialise(binaries, account, state)
                found = await self._launch(binaries, account, state)
                if not await self._gets_ready(found, state):
                    raise self._failure("PostgreSQL started and ended again")
            postmaster = found
            self._check_port(postmaster)
            state = self._folder.remember_port(state, postmaster.port)
            if not state.owner_created:
                await create_owner(_superuser_url(postmaster, state), state.owner_password)
                self._folder.write_state(replace(state, owner_created=True))
        return EmbeddedServer(
            owner_url=_url(OWNER, state.owner_password, postmaster.port, OWNER),
            superuser_url=_superuser_url(postmaster, state),
            port=postmaster.port,
            pid=postmaster.pid,
            found_running=postmaster.pid not in self._spawned,
        )

    async def stop(self) -> None:
        """Stop the server, whoever started it; open transactions are rolled back.

        Does nothing when none is running. Raises EmbeddedPostgresError when it does not stop.
        """
        if not self._folder.is_claimed():
            return
        async with self._folder.locked():
            postmaster = read_postmaster(self._folder.cluster)
            if postmaster is not None and not await end(postmaster.pid, STOP_SECONDS_MAX):
                raise EmbeddedPostgresError(
                    f"PostgreSQL (process {postmaster.pid}) did not stop within "
                    f"{STOP_SECONDS_MAX:.0f} s; look into {self._folder.log}"
                )

    @asynccontextmanager
    async def _ended_if_cancelled(self) -> AsyncIterator[None]:
        self._spawned.clear()
        try:
            yield
        except asyncio.CancelledError:
            for pid in self._spawned:
                await end(pid, STOP_SECONDS_MAX)
            raise

    def _check_version(self) -> None:
        version_file = self._folder.cluster / "PG_VERSION"
        try:
            version = version_file.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return
        except PermissionError:
            return  # whose folder it is, and that this is no way to use it, is said next
        if version != str(MAJOR_VERSION):
            raise EmbeddedPostgresError(
                f"{self._folder.path} was made by PostgreSQL {version}, and this is "
                f"{MAJOR_VERSION}; dump it with the old version, or name another folder"
            )

    def _check_port(self, postmaster: Postmaster) -> None:
        if self._port not in (None, postmaster.port):
            raise EmbeddedPostgresError(
                f"the server of {self._folder.path} already runs on port {postmaster.port}, not "
                f"{self._port}; use that port, or stop it first"
            )

    async def _initialise(self, binaries: Path, account: Account, state: State) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        await self._folder.clear_drafts()
        if self._folder.cluster.exists():
            return
        draft = self._folder.new_draft()
        draft.mkdir(mode=0o700)
        password_file = draft / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(state.superuser_password + "\n", encoding="ascii")
        for path in (draft, password_file):
            os.chown(path, account.uid, account.gid)
        command = initdb_command(
            binaries, account, draft / "cluster", password_file, durable=self._durable
        )
        failure = await run_to_end(command)
        if failure is not None:
            shutil.rmtree(draft)
            raise EmbeddedPostgresError(f"initdb failed in {self._folder.path}: {failure}")
        (draft / "cluster").rename(self._folder.cluster)
        shutil.rmtree(draft)

    async def _launch(self, binaries: Path, account: Account, state: State) -> Postmaster:
        """Start the server on the wanted, the remembered or a free port.

        Returns the server that runs now, which is another than the one just started when a starter
        that was killed a moment ago had been faster.
        """
        disown_reused_pid(self._folder.cluster)
        deadline = _now() + START_SECONDS_MAX
        port = await self._usable_port(state)
        while _now() < deadline:
            pid = self._spawn(binaries, account, port)
            self._spawned.append(pid)
            postmaster = await self._until_listening(pid, deadline)
            if postmaster is not None:
                return postmaster
            words = self._folder.last_words()
            if PORT_LOST in words and self._port is None:
                port = free_port()  # somebody was faster
            elif REMNANTS_LEFT in words:
                await asyncio.sleep(REMNANTS_SECONDS)
            else:
                break
        raise self._failure("PostgreSQL did not start")

    async def _usable_port(self, state: State) -> int:
        """The wanted port, else the remembered one, else any."""
        port = self._port or state.port
        if port is None:
            return free_port()
        # A server killed a moment ago still holds it, and whoever was connected looks for us there.
        deadline = _now() + PORT_WAIT_SECONDS_MAX
        while port_is_taken(port):
            if _now() > deadline:
                if self._port is None:
                    return free_port()
                raise EmbeddedPostgresError(
                    f"port {port} on {HOST} is taken by another program; "
                    "end that, or choose another port"
                )
            await asyncio.sleep(POLL_SECONDS)
        return port

    def _spawn(self, binaries: Path, account: Account, port: int) -> int:
        command = postgres_command(
            binaries, account, self._folder.cluster, port, durable=self._durable
        )
        log = self._folder.turn_log()
        try:
            return spawn(command, log)
        finally:
            os.close(log)

    async def _until_listening(self, pid: int, deadline: float) -> Postmaster | None:
        """Wait until the folder has a server; None when the process just started ended instead."""
        while _now() < deadline:
            exited = has_exited(pid)
            postmaster = read_postmaster(self._folder.cluster)
            if postmaster is not None:
                return postmaster
            if exited:
                return None
            await asyncio.sleep(POLL_SECONDS)
        return None

    async def _gets_ready(self, postmaster: Postmaster, state: State) -> bool:
        """Wait until the server, which may be recovering from a crash, lets us in.

        Returns False when it ended instead.
        """
        deadline = _now() + START_SECONDS_MAX
        url = _superuser_url(postmaster, state)
        while True:
            try:
                connection = await open_session(url)
            except (PostgresError, DatabaseUnavailableError) as error:
                if has_exited(postmaster.pid):
                    return False
                if fault_of(error) is not Fault.UNAVAILABLE or _now() > deadline:
                    raise self._failure(f"PostgreSQL does not let us in: {error}") from error
                await asyncio.sleep(POLL_SECONDS)
            else:
                await connection.close()
                return True

    def _failure(self, what: str) -> EmbeddedPostgresError:
        return EmbeddedPostgresError(
            f"{what}, in {self._folder.path}; its last words:\n{self._folder.last_words()}"
        )


def _superuser_url(postmaster: Postmaster, state: State) -> str:
    return _url(SUPERUSER, state.superuser_password, postmaster.port, SUPERUSER)


def _url(role: str, password: str, port: int, database: str) -> str:
    # Without asking for TLS the driver doesn't look for certificates in a home folder, which may
    # be another account's.
    return f"postgresql://{role}:{password}@{HOST}:{port}/{database}?sslmode=disable"


def _now() -> float:
    return asyncio.get_running_loop().time()

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
import signal
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from asyncpg.exceptions import PostgresError

from shared.database.binaries import MAJOR_VERSION, Account, choose_account, find_binaries
from shared.database.faults import DatabaseUnavailableError, Fault, fault_of
from shared.database.folder import DataFolder, EmbeddedPostgresError, State
from shared.database.owner import OWNER, SUPERUSER, create_owner
from shared.database.postmaster import (
    HOST,
    Postmaster,
    disown_reused_pid,
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
POLL_SECONDS = 0.02
CONNECTIONS_MAX = 200

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

    async def start(self) -> EmbeddedServer:
        """Start the server, or find it running; returns once it answers.

        Any number of processes may do so at once: one starts it, the others find it. Raises
        EmbeddedPostgresError, with what to do, when the folder or the port is taken by something
        else, the folder was made by another version or user, or the server does not start.
        """
        binaries = self._binaries or find_binaries()
        self._folder.claim()
        async with self._folder.locked():
            self._check_version()
            account = choose_account(self._folder.cluster, binaries)
            state = self._folder.read_state()
            postmaster = read_postmaster(self._folder.cluster)
            spawned_pid = None
            if postmaster is None:
                await self._initialise(binaries, account, state)
                spawned_pid, postmaster = await self._launch(binaries, account, state)
            self._check_port(postmaster)
            await self._until_ready(postmaster, state)
            state = self._folder.remember_port(state, postmaster.port)
            if not state.owner_created:
                await create_owner(_superuser_url(postmaster, state), state.owner_password)
                self._folder.write_state(replace(state, owner_created=True))
        return EmbeddedServer(
            owner_url=_url(OWNER, state.owner_password, postmaster.port, OWNER),
            superuser_url=_superuser_url(postmaster, state),
            port=postmaster.port,
            pid=postmaster.pid,
            found_running=postmaster.pid != spawned_pid,
        )

    async def stop(self) -> None:
        """Stop the server, whoever started it; open transactions are rolled back.

        Does nothing when none is running. Raises EmbeddedPostgresError when it does not stop.
        """
        if not self._folder.is_claimed():
            return
        async with self._folder.locked():
            postmaster = read_postmaster(self._folder.cluster)
            if postmaster is None:
                return
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, signal.SIGINT)
            deadline = _now() + STOP_SECONDS_MAX
            while postmaster.is_running():
                if _now() > deadline:
                    raise EmbeddedPostgresError(
                        f"PostgreSQL (process {postmaster.pid}) did not stop within "
                        f"{STOP_SECONDS_MAX:.0f} s; look into {self._folder.log}"
                    )
                await asyncio.sleep(POLL_SECONDS)

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
        self._folder.clear_drafts()
        if self._folder.cluster.exists():
            return
        draft = self._folder.new_draft()
        draft.mkdir(mode=0o700)
        password_file = draft / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(state.superuser_password + "\n", encoding="ascii")
        for path in (draft, password_file):
            os.chown(path, account.uid, account.gid)
        command = [
            *(*account.switch, str(binaries / "initdb")),
            *("-D", str(draft / "cluster"), "--encoding=UTF8"),
            *("--locale-provider=builtin", "--locale=C.UTF-8"),
            *(f"--username={SUPERUSER}", f"--pwfile={password_file}", "--auth=scram-sha-256"),
            *("--no-instructions", *(() if self._durable else ("--no-sync",))),
        ]
        failure = await run_to_end(command)
        if failure is not None:
            shutil.rmtree(draft)
            raise EmbeddedPostgresError(f"initdb failed in {self._folder.path}: {failure}")
        (draft / "cluster").rename(self._folder.cluster)
        shutil.rmtree(draft)

    async def _launch(
        self, binaries: Path, account: Account, state: State
    ) -> tuple[int, Postmaster]:
        """Start the server on the wanted, the remembered or a free port.

        Returns the process id of what was started and the server that runs now, which is another
        when a starter that was killed a moment ago had been faster.
        """
        if self._port is not None and port_is_taken(self._port):
            raise EmbeddedPostgresError(
                f"port {self._port} on {HOST} is taken by another program; "
                "end that, or choose another port"
            )
        disown_reused_pid(self._folder.cluster)
        deadline = _now() + START_SECONDS_MAX
        port = self._port or state.port
        while _now() < deadline:
            if port is None or (self._port is None and port_is_taken(port)):
                port = free_port()
            pid = self._spawn(binaries, account, port)
            postmaster = await self._until_listening(pid, deadline)
            if postmaster is not None:
                return pid, postmaster
            words = self._folder.last_words()
            if PORT_LOST in words and self._port is None:
                port = None  # somebody was faster; take another
            elif REMNANTS_LEFT in words:
                await asyncio.sleep(REMNANTS_SECONDS)
            else:
                break
        raise EmbeddedPostgresError(
            f"PostgreSQL did not start in {self._folder.path}; its last words:\n"
            f"{self._folder.last_words()}"
        )

    def _spawn(self, binaries: Path, account: Account, port: int) -> int:
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": "",
            "max_connections": str(CONNECTIONS_MAX),
            "timezone": "UTC",
            "log_timezone": "UTC",
            # A constraint's DETAIL would write the offending values into the log.
            "log_error_verbosity": "terse",
            "fsync": "on" if self._durable else "off",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = [str(binaries / "postgres"), "-D", str(self._folder.cluster), "-p", str(port)]
        log = self._folder.turn_log()
        try:
            return spawn([*account.switch, *program, *options], log)
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

    async def _until_ready(self, postmaster: Postmaster, state: State) -> None:
        """Wait until the server, which may be recovering from a crash, lets us in."""
        deadline = _now() + START_SECONDS_MAX
        url = _superuser_url(postmaster, state)
        while True:
            try:
                connection = await open_session(url)
            except (PostgresError, DatabaseUnavailableError) as error:
                waiting = fault_of(error) is Fault.UNAVAILABLE
                if not waiting or not postmaster.is_running() or _now() > deadline:
                    raise EmbeddedPostgresError(
                        f"PostgreSQL in {self._folder.path} does not let us in: {error}; its last "
                        f"words:\n{self._folder.last_words()}"
                    ) from error
                await asyncio.sleep(POLL_SECONDS)
            else:
                await connection.close()
                return


def _superuser_url(postmaster: Postmaster, state: State) -> str:
    return _url(SUPERUSER, state.superuser_password, postmaster.port, SUPERUSER)


def _url(role: str, password: str, port: int, database: str) -> str:
    # Without asking for TLS the driver doesn't look for certificates in a home folder, which may
    # be another account's.
    return f"postgresql://{role}:{password}@{HOST}:{port}/{database}?sslmode=disable"


def _now() -> float:
    return asyncio.get_running_loop().time()

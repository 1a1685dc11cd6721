"""The role and the database `sammen` of a fresh embedded server."""

from __future__ import annotations

from shared.database.binaries import SUPERUSER
from shared.database.scram import scram_verifier
from shared.database.session import open_session

OWNER = "sammen"


async def create_owner(superuser_url: str, password: str) -> None:
    """Create the owner, its database and its password, as far as an earlier try left them to us.

    The owner is no superuser: what migrations do here they can do on any managed server.
    """
    verifier = scram_verifier(password)
    connection = await open_session(superuser_url)
    try:
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", OWNER):
            await connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE")
        await connection.execute(f"ALTER ROLE {OWNER} PASSWORD '{verifier}'")
        await connection.execute(f"GRANT pg_signal_backend TO {OWNER}")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", OWNER):
            await connection.execute(f"CREATE DATABASE {OWNER} OWNER {OWNER}")
        for database in (OWNER, SUPERUSER, "template1"):
            await connection.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    finally:
        await connection.close()

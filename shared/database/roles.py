"""Who may reach what: one schema and one login role per service, and PUBLIC nothing at all.

Objects belong to the database's owner (or to a schema's own owner role), never to the role that a
service logs in as. Roles exist once per server while databases are many, so whatever is done to a
role here is safe when other databases are being migrated on the same server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from asyncpg.exceptions import (
    DuplicateObjectError,
    InvalidAuthorizationSpecificationError,
    InvalidPasswordError,
    PostgresError,
    UniqueViolationError,
)

from shared.database.faults import Fault, fault_of
from shared.database.scram import scram_verifier
from shared.database.session import Session, SessionLimits, open_session

# Tries at changing a role while other databases of the server change the same one.
CHANGES_MAX = 50

_ROLE_ATTRIBUTES = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOINHERIT"


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """One schema: who logs in to work in it, and the migrations that build it.

    A service's schema names in `roles` the login roles and their passwords. The first may SELECT,
    INSERT, UPDATE and DELETE in all tables of the schema, use its sequences and call its
    functions; its migrations REVOKE what must stay append-only. Further roles may only enter the
    schema; migrations GRANT them the rest.

    A schema that nobody logs in to (vault, bus) has no `roles` but an `owner_role`, which can't
    log in. It owns the schema, and migrations run as it, so that a SECURITY DEFINER function has
    the rights of that role and no others. Its migrations let others in: GRANT USAGE ON SCHEMA and
    GRANT EXECUTE ON FUNCTION to service roles (PUBLIC may call no function). Such a function sets
    its own search_path, or its caller would choose what its names mean.

    All roles of all plans exist before the first migration runs.
    """

    schema: str
    roles: Mapping[str, str] = field(repr=False)
    """Login role to password; printable ASCII."""
    migrations: tuple[tuple[str, Path], ...]
    """Component and its folder of NNNN_name.sql, in the order of application."""
    owner_role: str | None = None

    def __post_init__(self) -> None:
        assert not (self.roles and self.owner_role), "a schema with an owner role has no logins"
        assert self.roles or self.owner_role, "a schema needs a login role or an owner role"


async def create_roles(connection: Session, plans: Sequence[SchemaPlan]) -> None:
    """Create the roles that are missing, without rights, and give login roles their password."""
    for plan in plans:
        if plan.owner_role is not None:
            await _create_role(connection, plan.owner_role, "NOLOGIN")
            await _become_member(connection, plan.owner_role)
        for role, password in plan.roles.items():
            # A new verifier has another salt and would be another change each time.
            await _create_role(connection, role, f"LOGIN PASSWORD {_literal(password)}")


async def guard_database(connection: Session, plans: Sequence[SchemaPlan]) -> None:
    """Close the database to everybody but its owner and the plans' login roles.

    Rights on a database are not copied with a template: a copied database needs this again.
    """
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    await connection.execute(
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC;"
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;"
    )
    limits = {name: f"'{value}'" for name, value in SessionLimits().as_settings().items()}
    for plan in plans:
        for role in plan.roles:
            settings = limits | {"search_path": f"{quoted(plan.schema)}, pg_temp"}
            place = f"ALTER ROLE {quoted(role)} IN DATABASE {database}"
            statements = [f"{place} SET {name} = {value};" for name, value in settings.items()]
            statements.append(f"GRANT CONNECT ON DATABASE {database} TO {quoted(role)};")
            await _change_role(connection, "".join(statements))


async def create_schemas(connection: Session, plans: Sequence[SchemaPlan]) -> None:
    """Create the schemas that are missing and let each plan's roles into their own."""
    for plan in plans:
        schema = quoted(plan.schema)
        if plan.owner_role is not None:
            await _create_owned_schema(connection, schema, quoted(plan.owner_role))
            continue
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        for role in plan.roles:
            await connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {quoted(role)}")
        worker = quoted(next(iter(plan.roles)))
        for rights in (
            "SELECT, INSERT, UPDATE, DELETE ON TABLES",
            "USAGE, SELECT ON SEQUENCES",
            "EXECUTE ON FUNCTIONS",
        ):
            await connection.execute(
                f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rights} TO {worker}"
            )


async def renew_passwords(owner_url: str, connection: Session, plans: Sequence[SchemaPlan]) -> None:
    """Give a login role its plan's password where it can't log in with it.

    Whether a password is the right one, only logging in tells: verifiers are salted, and no role
    but a superuser may read them.
    """
    for plan in plans:
        for role, password in plan.roles.items():
            if not await _can_log_in(url_for(owner_url, role, password)):
                await _change_role(
                    connection, f"ALTER ROLE {quoted(role)} PASSWORD {_literal(password)}"
                )


def url_for(owner_url: str, role: str, password: str) -> str:
    """The address of the owner's database for another role."""
    parts = urlsplit(owner_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{place}"))


def quoted(identifier: str) -> str:
    """An identifier as SQL wants it, whatever characters it has."""
    return '"' + identifier.replace('"', '""') + '"'


def _literal(password: str) -> str:
    """A password as an SQL literal of its verifier, which holds no quote."""
    return f"'{scram_verifier(password)}'"


async def _create_role(connection: Session, role: str, login: str) -> None:
    if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
        return
    try:
        await connection.execute(f"CREATE ROLE {quoted(role)} {_ROLE_ATTRIBUTES} {login}")
    except (DuplicateObjectError, UniqueViolationError):
        return  # another database's migration was faster


async def _become_member(connection: Session, role: str) -> None:
    """Let the owner act as a role; creating one gives the right to grant it, not to be it."""
    if not await connection.fetchval("SELECT pg_has_role($1, 'SET')", role):
        await _change_role(
            connection, f"GRANT {quoted(role)} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE"
        )


async def _create_owned_schema(connection: Session, schema: str, owner: str) -> None:
    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}")
    async with connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {owner}")
        await connection.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")


async def _change_role(connection: Session, statement: str) -> None:
    """Change a role, again and again while other databases' migrations change the same one."""
    for attempt in range(1, CHANGES_MAX + 1):
        try:
            await connection.execute(statement)
        except PostgresError as error:
            # PostgreSQL has no code of its own for "tuple concurrently updated".
            concurrent = "concurrently" in str(error) or isinstance(error, UniqueViolationError)
            if not concurrent and fault_of(error) is not Fault.CONTENTION:
                raise
            if attempt == CHANGES_MAX:
                raise
        else:
            return


async def _can_log_in(url: str) -> bool:
    try:
        session = await open_session(url)
    except (InvalidPasswordError, InvalidAuthorizationSpecificationError):
        return False
    await session.close()
    return True

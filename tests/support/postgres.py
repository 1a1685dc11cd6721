"""One real PostgreSQL per test session, and a fresh database for every test that asks."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.database import (
    EmbeddedPostgres,
    EmbeddedServer,
    SchemaPlan,
    create_database,
    drop_database,
    migrate,
)
from shared.database.migrations import guard_copy
from shared.database.roles import url_for
from tests.support.lifelines import guarded

# Roles exist once per server, so every plan of a test session gives a role the same password.
ROLE_PASSWORD = "only-for-tests"


def login_plan(schema: str, *migrations: tuple[str, Path]) -> SchemaPlan:
    """A service's schema with its login role `sammen_<schema>`."""
    return SchemaPlan(schema, {f"sammen_{schema}": ROLE_PASSWORD}, migrations)


def owned_plan(schema: str, *migrations: tuple[str, Path]) -> SchemaPlan:
    """A schema that nobody logs in to, owned by the role `sammen_<schema>`."""
    return SchemaPlan(schema, {}, migrations, owner_role=f"sammen_{schema}")


@dataclass(frozen=True)
class TestDatabase:
    """A database of one test, migrated to its plans."""

    __test__ = False  # no test, though its name begins like one

    owner_url: str = field(repr=False)
    superuser_url: str = field(repr=False)
    passwords: dict[str, str] = field(repr=False)

    def url(self, role: str) -> str:
        """The address for one of the plans' login roles."""
        return url_for(self.owner_url, role, self.passwords[role])


DatabaseFactory = Callable[[Sequence[SchemaPlan]], Awaitable[TestDatabase]]


@pytest.fixture(scope="session")
async def postgres_server() -> AsyncIterator[EmbeddedServer]:
    """The session's server; never stop it, start an EmbeddedPostgres of your own for that."""
    folder = Path(tempfile.mkdtemp(prefix="sammen-test-postgres-"))
    postgres = EmbeddedPostgres(folder / "server", durable=False)
    with guarded(folder):
        try:
            yield await postgres.start()
        finally:
            await postgres.stop()


@pytest.fixture(scope="session")
def template_names() -> dict[str, str]:
    """The databases that fresh ones are copied from, by what they hold."""
    return {}


@pytest.fixture
async def database_factory(
    postgres_server: EmbeddedServer, template_names: dict[str, str]
) -> AsyncIterator[DatabaseFactory]:
    """Make databases with the given plans; all are dropped after the test."""
    async with database_maker(postgres_server, template_names) as make_database:
        yield make_database


@asynccontextmanager
async def database_maker(
    server: EmbeddedServer, template_names: dict[str, str]
) -> AsyncIterator[DatabaseFactory]:
    """What `database_factory` is made of, for a fixture with another scope."""
    made: list[str] = []

    async def make_database(plans: Sequence[SchemaPlan]) -> TestDatabase:
        template = await _template(server, template_names, plans)
        name = f"test_{secrets.token_hex(6)}"
        owner_url = await create_database(server.owner_url, name, template=template)
        made.append(name)
        await guard_copy(owner_url, plans)
        passwords = {role: word for plan in plans for role, word in plan.roles.items()}
        superuser_url = server.superuser_url.rpartition("/")[0] + f"/{name}"
        return TestDatabase(owner_url, superuser_url, passwords)

    try:
        yield make_database
    finally:
        for name in made:
            await drop_database(server.owner_url, name)


async def _template(
    server: EmbeddedServer, names: dict[str, str], plans: Sequence[SchemaPlan]
) -> str:
    fingerprint = _fingerprint(plans)
    if fingerprint not in names:
        name = f"template_{fingerprint[:16]}"
        await migrate(await create_database(server.owner_url, name), plans)
        names[fingerprint] = name
    return names[fingerprint]


def _fingerprint(plans: Sequence[SchemaPlan]) -> str:
    """A digest of everything that makes two migrated databases differ."""
    digest = hashlib.sha256()
    for plan in plans:
        digest.update(repr((plan.schema, sorted(plan.roles.items()), plan.owner_role)).encode())
        for component, folder in plan.migrations:
            for path in sorted(folder.glob("*.sql")):
                digest.update(repr((component, path.name, path.read_bytes())).encode())
    return digest.hexdigest()

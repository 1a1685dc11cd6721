"""The command line as people use it: a process, its output, its exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from services.__main__ import all_services
from shared.runtime.plans import database_setting, role_of
from tests.support.lifelines import guarded
from tests.support.postgres import DatabaseFactory, TestDatabase
from tests.support.services import prepared_database

CHECKOUT = Path(__file__).parents[3]
SECONDS_MAX = 60


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    status: int
    output: str
    errors: str

    @property
    def lines(self) -> list[str]:
        """The lines of its output."""
        return self.output.splitlines()


class Sammen(Protocol):
    """Runs `sammen` with arguments, and settings without their prefix."""

    def __call__(self, *arguments: str, **settings: str) -> Said: ...


@pytest.fixture
def sammen(tmp_path: Path) -> Iterator[Sammen]:
    """The command line in an environment without settings and an empty folder."""

    def run(*arguments: str, **settings: str) -> Said:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("SAMMEN")}
        given = {f"SAMMEN_{name.upper()}": value for name, value in settings.items()}
        path = {"PYTHONPATH": str(CHECKOUT), "COLUMNS": "200", "NO_COLOR": "1"}
        result = subprocess.run(
            [sys.executable, "-m", "services", *arguments],
            cwd=tmp_path,
            env={**plain, **path, **given},
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        return Said(result.returncode, result.stdout, result.stderr)

    # A command that was given no other has its data folder in this one, and its PostgreSQL.
    with guarded(tmp_path):
        yield run


def settings_of(database: TestDatabase) -> dict[str, str]:
    """Every address of a prepared database, as settings."""
    addresses = {
        str(database_setting(service.name)): database.url(role_of(service.name))
        for service in all_services()
    }
    return {
        "database_url": database.owner_url,
        "kafka_bootstrap_servers": "embedded",
        **addresses,
    }


@pytest.fixture
async def prepared(database_factory: DatabaseFactory) -> TestDatabase:
    """A database with everything in it."""
    return await prepared_database(database_factory, all_services())

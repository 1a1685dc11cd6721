"""PostgreSQL as this system uses it; the only package that knows the driver.

Reading order: connection (what a caller holds), faults (what may go wrong), pool (Database),
listener (notices), roles (SchemaPlan: who may reach what), migrations (migrate), and for the
embedded server folder, binaries, postmaster, owner and embedded.
"""

from shared.database.connection import Connection, Row
from shared.database.databases import create_database, drop_database
from shared.database.embedded import EmbeddedPostgres, EmbeddedServer
from shared.database.faults import (
    CommitUnknownError,
    ConnectionLostError,
    DatabaseUnavailableError,
    Fault,
    TransactionAbortedError,
    fault_of,
)
from shared.database.folder import EmbeddedPostgresError
from shared.database.migrations import MigrationChangedError, MigrationError, migrate
from shared.database.pool import Database
from shared.database.roles import SchemaPlan, url_for
from shared.database.session import SessionLimits

__all__ = [
    "CommitUnknownError",
    "Connection",
    "ConnectionLostError",
    "Database",
    "DatabaseUnavailableError",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "EmbeddedServer",
    "Fault",
    "MigrationChangedError",
    "MigrationError",
    "Row",
    "SchemaPlan",
    "SessionLimits",
    "TransactionAbortedError",
    "create_database",
    "drop_database",
    "fault_of",
    "migrate",
    "url_for",
]

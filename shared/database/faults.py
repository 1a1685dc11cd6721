"""Every error of the database falls into one of five kinds, decided here and nowhere else."""

from __future__ import annotations

from enum import Enum, auto

from asyncpg.exceptions import (
    ClientConfigurationError,
    InterfaceError,
    InternalClientError,
    PostgresError,
)


class Fault(Enum):
    """What kind of trouble a database error is, which is to say what helps against it."""

    UNAVAILABLE = auto()
    """The server can't be reached or is out of room: wait, then do the same again."""

    CONTENTION = auto()
    """Another transaction was in the way, or ours took too long: run it again, with a limit."""

    DATA = auto()
    """The values are impossible or break a constraint: the same again will fail again."""

    FORBIDDEN = auto()
    """This role may not do that, or can't log in: a person must grant it first."""

    OTHER = auto()
    """Anything else, such as wrong SQL: our own mistake."""


class DatabaseUnavailableError(Exception):
    """The database can't be reached; what was asked for was not done."""


class ConnectionLostError(DatabaseUnavailableError):
    """The connection broke inside a transaction, which the server therefore rolls back."""


class CommitUnknownError(DatabaseUnavailableError):
    """The connection broke while committing: all of the transaction happened, or nothing of it."""


class TransactionAbortedError(Exception):
    """A statement failed, its error was swallowed, and COMMIT therefore undid everything."""


# SQLSTATE codes: PostgreSQL 18 documentation, appendix A. Whole classes first, then exceptions.
_FAULT_OF_CLASS = {
    "08": Fault.UNAVAILABLE,  # connection exception
    "22": Fault.DATA,  # data exception
    "23": Fault.DATA,  # integrity constraint violation
    "28": Fault.FORBIDDEN,  # invalid authorization
    "40": Fault.CONTENTION,  # transaction rollback: serialization failure, deadlock
    "53": Fault.UNAVAILABLE,  # insufficient resources: disk full, out of memory, connections
    "58": Fault.UNAVAILABLE,  # system error outside PostgreSQL, such as input/output
}
_FAULT_OF_STATE = {
    "25006": Fault.UNAVAILABLE,  # read-only transaction: a stand-by, after a fail-over
    "25P03": Fault.CONTENTION,  # idle in transaction for too long
    "25P04": Fault.CONTENTION,  # transaction took too long
    "42501": Fault.FORBIDDEN,  # insufficient privilege
    "55P03": Fault.CONTENTION,  # lock not available within lock_timeout
    "57014": Fault.CONTENTION,  # query cancelled by statement_timeout
    "57P01": Fault.UNAVAILABLE,  # administrator shut the server down
    "57P02": Fault.UNAVAILABLE,  # server crashed
    "57P03": Fault.UNAVAILABLE,  # server starting or stopping
    "57P05": Fault.UNAVAILABLE,  # session was idle for too long
}


# What the driver says, without a class of its own, when a connection broke before it was used
# again: its pool takes a broken one back at once, also from whoever is holding it.
_SAID_OF_LOST_CONNECTIONS = (
    "connection has been released back to the pool",
    "connection is closed",
    "connection was closed in the middle of operation",
)

# The server has said that it ends the session, the connection isn't closed yet, and somebody used
# it in that moment: the driver is still in its state 2, "reading an error".
_SAID_AFTER_FATAL = "another operation (2) is in progress"


def fault_of(error: BaseException) -> Fault | None:
    """Say what kind of trouble a database error is; None when it is no database error."""
    match error:
        case DatabaseUnavailableError():
            fault = Fault.UNAVAILABLE
        case PostgresError():
            state: str = getattr(error, "sqlstate", None) or ""
            fault = _FAULT_OF_STATE.get(state) or _FAULT_OF_CLASS.get(state[:2], Fault.OTHER)
        case InterfaceError() | InternalClientError() if _says_connection_is_lost(error):
            fault = Fault.UNAVAILABLE
        case ClientConfigurationError():
            fault = Fault.OTHER
        case InterfaceError():
            # The driver refuses a value it can't encode with a class that is also a ValueError.
            fault = Fault.DATA if isinstance(error, ValueError) else Fault.OTHER
        case InternalClientError() | TransactionAbortedError():
            fault = Fault.OTHER
        case _:
            return None
    return fault


def _says_connection_is_lost(error: BaseException) -> bool:
    return any(said in str(error) for said in (*_SAID_OF_LOST_CONNECTIONS, _SAID_AFTER_FATAL))

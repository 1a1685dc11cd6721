"""What the driver says of a connection that is gone, in classes that say nothing, is understood."""

from __future__ import annotations

import pytest
from asyncpg.exceptions import InterfaceError, InternalClientError

from shared.database import Fault, fault_of


def interface_error(said: str) -> Exception:
    return InterfaceError(said)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (
            interface_error(
                "cannot call Connection.fetchrow(): connection has been released back to the pool"
            ),
            Fault.UNAVAILABLE,
        ),
        (interface_error("cannot perform operation: connection is closed"), Fault.UNAVAILABLE),
        (interface_error("the server expects 1 argument"), Fault.OTHER),
        (
            InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
            Fault.UNAVAILABLE,
        ),
        (
            InternalClientError("cannot switch to state 15; another operation (4) is in progress"),
            Fault.OTHER,
        ),
    ],
)
def test_a_lost_connection_is_known_by_what_the_driver_says(error: Exception, fault: Fault) -> None:
    assert fault_of(error) is fault

"""What the database's errors mean to whoever uses the bus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.database import Fault, fault_of
from shared.messaging.transport import (
    GroupBusyError,
    OffsetGapError,
    RecordRefusedError,
    RecordTooLargeError,
    TopicMismatchError,
    TransportError,
    TransportForbiddenError,
    TransportUnavailableError,
)


class SessionLostError(TransportError):
    """This member was away too long; others have its partitions, and it must join anew."""


# SQLSTATE codes of our own, raised by the functions in bus_migrations; with each, its remedy.
_OWN_ERRORS: dict[str, tuple[type[TransportError], str]] = {
    "SB001": (TopicMismatchError, "run `sammen topics create`, or wait for who does"),
    "SB002": (RecordTooLargeError, "send less in one record"),
    "SB003": (RecordRefusedError, "give it a key"),
    "SB004": (
        OffsetGapError,
        "find out what was lost, have its publisher send it again (`sammen republish`), and let "
        "the group begin anew (`sammen rewind`)",
    ),
    "SB005": (SessionLostError, "join the group anew"),
    "SB006": (GroupBusyError, "stop its service first"),
}
_NOT_INSTALLED = ("3F000", "42883")  # no such schema, no such function


@contextmanager
def faults_named() -> Iterator[None]:
    """Turn an error of the database into the transport error it means, with its remedy."""
    try:
        yield
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        raise _meaning(error, fault) from error


def _meaning(error: Exception, fault: Fault) -> TransportError:
    state = getattr(error, "sqlstate", None) or ""
    if state in _OWN_ERRORS:
        kind, remedy = _OWN_ERRORS[state]
        return kind(f"{error}; {remedy}")
    if state in _NOT_INSTALLED:
        return TransportError(f"the embedded bus is not installed ({error}); run `sammen migrate`")
    if state.startswith("28"):  # invalid authorization: not even logged in
        return TransportForbiddenError(f"{error}; correct the database's address")
    if fault is Fault.FORBIDDEN:
        return TransportForbiddenError(f"{error}; grant it in deploy/kafka/topics.yaml")
    if fault in (Fault.UNAVAILABLE, Fault.CONTENTION):
        return TransportUnavailableError(f"{error}; try again")
    return TransportError(f"the embedded bus failed: {error}")

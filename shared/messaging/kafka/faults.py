"""What Kafka's clients report, in the words of the transport's promises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from aiokafka import errors

from shared.messaging.transport import (
    NameTakenError,
    RecordRefusedError,
    RecordTooLargeError,
    RecordUnreadableError,
    TopicMismatchError,
    TransportError,
    TransportForbiddenError,
    TransportUnavailableError,
)

GRANT = "grant it in deploy/kafka/topics.yaml and run `sammen topics create`"

NAME_REMEDY = "give each one a SAMMEN_KAFKA_INSTANCE of its own"

FORBIDDEN = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
)
TOO_LARGE = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)
NO_SUCH_TOPIC = (errors.UnknownTopicOrPartitionError, errors.InvalidTopicError)


class InvalidRecordError(errors.BrokerResponseError):
    """The broker's answer to a record its topic can't take: a compacted one wants a key."""

    errno = 87
    message = "INVALID_RECORD"


class UnreadableError(errors.KafkaError):
    """What a broker holds at a place can't be read, and with it nothing behind it."""

    def __init__(self, topic: str, partition: int, offset: int, cause: Exception) -> None:
        self._said = (
            f"{topic}-{partition} at offset {offset} ({str(cause) or type(cause).__name__}). "
            f"Remedy: {UNREADABLE_REMEDY}."
        )
        super().__init__(self._said)

    def __str__(self) -> str:
        return self._said


UNREADABLE_REMEDY = (
    "where another broker holds a whole copy, let that one lead the partition, and start again; "
    "otherwise delete what the partition holds up to an offset behind the damage "
    "(kafka-delete-records), have its publisher send it again (`sammen republish`), and let the "
    "group begin anew (`sammen rewind`)"
)

REFUSED = (errors.InvalidTimestampError, InvalidRecordError)


class FencedInstanceError(errors.BrokerResponseError):
    """The broker's answer to a member in whose name another process has joined since."""

    errno = 82
    message = "FENCED_INSTANCE_ID"


def register_answers() -> None:
    """Teach aiokafka the answers it does not know, and would report as an unknown error."""
    for answer in (InvalidRecordError, FencedInstanceError):
        errors.kafka_errors.setdefault(answer.errno, answer)


TOLD_AS: Final[tuple[tuple[tuple[type[errors.KafkaError], ...], type[TransportError]], ...]] = (
    (TOO_LARGE, RecordTooLargeError),
    (REFUSED, RecordRefusedError),
    ((UnreadableError,), RecordUnreadableError),
)

UNREACHABLE = (errors.KafkaConnectionError, errors.RequestTimedOutError)


def translate(error: BaseException, where: str) -> TransportError:
    """The transport's error for one of Kafka's; the outcome of what was asked may be unknown."""
    said = f"{where}: {type(error).__name__}: {error}"
    if isinstance(error, TransportError):
        return error
    if FencedInstanceError.__name__ in said:  # aiokafka wraps it in another error, as text
        return NameTakenError(f"{where}: another process has joined in our name; {NAME_REMEDY}")
    if isinstance(error, FORBIDDEN):
        return TransportForbiddenError(f"{said}; {GRANT}")
    if isinstance(error, NO_SUCH_TOPIC):
        return TopicMismatchError(f"{said}; run `sammen topics create`")
    for kinds, told in TOLD_AS:
        if isinstance(error, kinds):
            return told(said)
    return TransportUnavailableError(said)


def passes(error: BaseException) -> bool:
    """Whether the client goes on by itself, once a broker answers again or lets it.

    A topic that may not be read yet is a new one, whose permissions come a moment after it. One
    that was open before and is no more, its guard finds closed.
    """
    return isinstance(error, errors.KafkaError) and (
        error.retriable or isinstance(error, (*UNREACHABLE, errors.TopicAuthorizationFailedError))
    )


ORDER = (
    TransportUnavailableError,
    TransportForbiddenError,
    TopicMismatchError,
    RecordRefusedError,
)
"""Which of several errors is told: first what calls for sending everything again as it is."""


def gravest(found: Sequence[TransportError]) -> TransportError:
    """The one of several errors that decides what must be done."""
    return min(found, key=lambda error: [isinstance(error, kind) for kind in ORDER].index(True))


@contextmanager
def faults_named(where: str) -> Iterator[None]:
    """Raise Kafka's errors, and being kept waiting, as the transport's."""
    try:
        yield
    except TimeoutError as error:
        raise TransportUnavailableError(f"{where}: Kafka did not answer in time") from error
    except (errors.KafkaError, OSError) as error:
        raise translate(error, where) from error

"""One question to a cluster's administration: asked with a time-out, faults told with a remedy."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.transport import (
    TopicMismatchError,
    TransportError,
    TransportForbiddenError,
    TransportUnavailableError,
)

CALL_SECONDS_MAX: Final = 15.0
LISTEN_SECONDS: Final = 0.05
IDLE_LISTEN_SECONDS: Final = 1.0

LIBRARY_LOG: Final = logging.getLogger("librdkafka")

FORBIDDEN: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
DISTRUST: Final = "certificate verify failed"
"""What OpenSSL says, which the library at times passes on as a broken connection."""

NO_SUCH_TOPIC: Final = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
)
IN_MOTION: Final = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.BROKER_NOT_AVAILABLE,
        KafkaError.LISTENER_NOT_FOUND,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.NOT_CONTROLLER,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.KAFKA_STORAGE_ERROR,
    }
)
"""While partitions or groups move to another broker. Kafka's protocol calls these retriable; the
library does not, once it has given up retrying them itself.
"""

Key = TypeVar("Key")
Value = TypeVar("Value")
AnyFuture = Future[Value] | asyncio.Future[Value]


class LibraryLog:
    """What librdkafka says, which it would write to standard error itself, as debug lines.

    Nothing is lost by it: whatever matters also comes as the error of a question.
    """

    def log(self, _level: int, text: str, *values: object) -> None:
        """Take one line."""
        LIBRARY_LOG.debug(text, *values)


class Asking:
    """A connection to a cluster's administration, used from one event loop; connects by itself."""

    def __init__(self, access: KafkaAccess) -> None:
        self._client: AdminClient | None = None
        self._servers = access.bootstrap_servers
        self._user = access.credentials.user if access.credentials else None
        self._trouble: KafkaError | None = None
        self._cut_off = False
        self._listening: asyncio.Task[None] | None = None
        try:
            configuration: dict[str, Any] = {**access.for_librdkafka(), "error_cb": self._hear}
            self._client = AdminClient(configuration, logger=LibraryLog())
        except KafkaException as error:
            raise TransportUnavailableError(
                f"can't speak to {self._servers}: {error.args[0].str()}"
            ) from error

    async def close(self) -> None:
        """Let go of the connection; safe twice."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
            self._listening = None
        self._client = None

    @property
    def client(self) -> AdminClient:
        """The library's own client, whose futures are to be asked for through this class."""
        assert self._client is not None, "closed"
        return self._client

    async def one(
        self,
        ask: Callable[[], AnyFuture[Value]],
        *,
        seconds_max: float = CALL_SECONDS_MAX,
        fail_fast: bool = False,
    ) -> Value:
        """The answer. Raises TransportForbiddenError, TransportUnavailableError, TransportError."""
        answers = await self.each(lambda: {"": ask()}, seconds_max=seconds_max, fail_fast=fail_fast)
        answer = answers[""]
        if isinstance(answer, KafkaError):
            raise self.fault(answer)
        return answer

    async def each(
        self,
        ask: Callable[[], Mapping[Key, AnyFuture[Value]]],
        *,
        seconds_max: float = CALL_SECONDS_MAX,
        fail_fast: bool = False,
    ) -> dict[Key, Value | KafkaError]:
        """The answer to each part of a question, or why that part has none.

        With `fail_fast`, a cluster none of whose brokers can be reached is not waited for.
        Raises TransportForbiddenError for a wrong password, TransportUnavailableError when the
        whole question went unanswered.
        """
        if self._listening is not None:
            self._forget_trouble()
        self._listen_when_idle()
        futures: dict[Key, asyncio.Future[Value]] = {
            key: asyncio.wrap_future(future) for key, future in ask().items()
        }
        for future in futures.values():
            future.add_done_callback(_look_at)
        waiting = set(futures.values())
        give_up_at = asyncio.get_running_loop().time() + seconds_max
        while waiting:
            _, waiting = await asyncio.wait(waiting, timeout=LISTEN_SECONDS)
            self.client.poll(0)
            late = asyncio.get_running_loop().time() > give_up_at
            if waiting and (late or self._hopeless(fail_fast=fail_fast)):
                raise self._unanswered()
        answers: dict[Key, Value | KafkaError] = {}
        for key, future in futures.items():
            error = _error_of(future)
            if error is not None and _is_unanswered(error):
                raise self._unanswered()
            answers[key] = future.result() if error is None else error
        return answers

    def fault(self, error: KafkaError, what: str = "do that") -> TransportError:
        """What to raise when the cluster answers an attempt to do `what` with an error."""
        if error.code() in FORBIDDEN:
            return TransportForbiddenError(
                f"{self._user or 'whoever comes without a name'} may not {what} on "
                f"{self._servers} ({error.str()}); grant it, or come as somebody who may"
            )
        if error.code() in NO_SUCH_TOPIC:
            return TopicMismatchError(
                f"can't {what} on {self._servers}: no such topic; run `sammen topics create`"
            )
        # Negative ones are the library's own: it got no answer.
        if error.code() < 0 or error.code() in IN_MOTION or error.retriable():
            return TransportUnavailableError(f"can't {what} on {self._servers}: {error.str()}")
        return TransportError(f"can't {what} on {self._servers}: {error.str()}")

    def _unanswered(self) -> TransportError:
        if self._trouble is not None and self._trouble.code() == KafkaError._AUTHENTICATION:
            return TransportForbiddenError(
                f"{self._servers} does not believe that we are {self._user}: correct the user's "
                f"password ({self._trouble.str()})"
            )
        if self._trouble is not None and _is_distrust(self._trouble):
            return TransportUnavailableError(
                f"{self._servers} can't be trusted: name the file of the authority that signed "
                f"its certificate ({self._trouble.str()})"
            )
        why = f" ({self._trouble.str()})" if self._trouble else ""
        return TransportUnavailableError(
            f"no broker of {self._servers} answers{why}; is one running there, and does it expect "
            f"{'TLS and a password' if self._user else 'neither TLS nor a password'}?"
        )

    def _hopeless(self, *, fail_fast: bool) -> bool:
        return _explains(self._trouble) or (fail_fast and self._cut_off)

    def _hear(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._cut_off = True
        elif not _explains(self._trouble):
            self._trouble = error

    def _forget_trouble(self) -> None:
        """What went wrong before this question explains nothing about it, except before the first:
        the library connects as soon as it is there, and says only once that nobody answers.
        """
        self.client.poll(0)
        self._trouble = None
        self._cut_off = False

    def _listen_when_idle(self) -> None:
        """Between questions, too, what the library says is taken, lest it pile up."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="librdkafka's words")

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(IDLE_LISTEN_SECONDS)
            self.client.poll(0)


def _error_of(future: asyncio.Future[Any]) -> KafkaError | None:
    error = future.exception()
    if isinstance(error, KafkaException):
        cause = error.args[0]
        assert isinstance(cause, KafkaError)
        return cause
    return None


def _explains(error: KafkaError | None) -> bool:
    """Whether waiting can't help: a person must correct a password or a file."""
    return error is not None and (error.code() == KafkaError._AUTHENTICATION or _is_distrust(error))


def _is_distrust(error: KafkaError) -> bool:
    return error.code() == KafkaError._SSL or DISTRUST in error.str()


def _is_unanswered(error: KafkaError) -> bool:
    return error.code() in {
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
        KafkaError._DESTROY,  # the broker it was asked is no longer among the cluster's
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.REQUEST_TIMED_OUT,
    }


def _look_at(future: asyncio.Future[Any]) -> None:
    """An error that comes when nobody waits for it any more is no mistake of ours."""
    if not future.cancelled():
        future.exception()

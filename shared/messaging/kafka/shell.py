"""FastStream as a thin shell: it polls, and calls us with what it got; all decisions are ours.

Left to its defaults it acknowledges before or despite a failure, drops a whole batch over one
header that is null or not UTF-8, sends replies to topics named by the sender, creates topics, and
carries on after errors only its log knows of. So acknowledgement is manual, records pass through
undecoded, replies and topic creation are off, and its log is where we hear of errors.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, errors
from aiokafka.client import AIOKafkaClient
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.security import SASLScram512

from shared.messaging.kafka.access import KafkaAccess
from shared.messaging.kafka.connections import close_when_interrupted, cut_off
from shared.messaging.kafka.faults import register_answers
from shared.messaging.kafka.fetching import fetch_heedfully
from shared.messaging.kafka.lenient import read_leniently
from shared.messaging.kafka.namesake import NameWatch
from shared.messaging.kafka.naming import as_regex, is_pattern
from shared.messaging.kafka.records import Read
from shared.messaging.patience import Patience
from shared.messaging.transport import Subscription
from shared.observability.logs import Log

LOG = Log(__name__)

FETCH_BYTES_MAX = 16 * 1024 * 1024
PARTITION_FETCH_BYTES_MAX = 2 * 1024 * 1024
LEAVE_SECONDS_MAX = 5.0
NO_MEMBER_ID = ""
POLL_MILLISECONDS = 50
"""FastStream sleeps for as long after an empty poll: what a lone record may have to wait."""

SLOW_BATCH_SECONDS_MAX = 24 * 3600.0
"""A batch that is being tried again is no reason to leave the group; the watchdog judges it."""

REBALANCE_SECONDS_MAX = 300.0
"""How long the group waits for a member's batch in flight before it goes on without the member."""

OnBatch = Callable[[tuple[Read, ...]], Awaitable[None]]
OnError = Callable[[BaseException], None]


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long a silent member keeps its partitions, and how often it shows that it lives."""

    session_seconds: float = 45.0
    heartbeat_seconds: float = 1.0
    metadata_seconds: float = 5.0
    """How old knowledge of topics may be: so long until a new municipality's topic is heard."""


class Shell:
    """One subscriber of one group; it can be opened once."""

    def __init__(
        self,
        access: KafkaAccess,
        subscription: Subscription,
        *,
        times: SessionTimes,
        instance: str | None,
        listener: ConsumerRebalanceListener,
        on_batch: OnBatch,
        on_error: OnError,
    ) -> None:
        register_answers()
        close_when_interrupted()
        read_leniently()
        fetch_heedfully()
        self._error_log = _ErrorLog(on_error)
        self._opening: asyncio.Task[None] | None = None
        self._broker = _broker(access, self._error_log, times)
        patterns = any(map(is_pattern, subscription.topics))
        self._subscriber = self._broker.subscriber(
            *(() if patterns else subscription.topics),
            pattern=as_regex(subscription.topics).pattern if patterns else None,
            group_id=subscription.group,
            group_instance_id=instance,
            batch=True,
            max_records=subscription.batch_records_max,
            batch_timeout_ms=POLL_MILLISECONDS,
            ack_policy=AckPolicy.MANUAL,
            isolation_level="read_committed",
            auto_offset_reset="earliest",  # for a group that is new; a jump is told by its offsets
            no_reply=True,
            parser=_parse,
            decoder=_decode,
            listener=self._watched(listener, subscription.group, instance, times, on_error),
            fetch_max_bytes=FETCH_BYTES_MAX,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES_MAX,
            session_timeout_ms=int(times.session_seconds * 1000),
            heartbeat_interval_ms=int(times.heartbeat_seconds * 1000),
            max_poll_interval_ms=int(SLOW_BATCH_SECONDS_MAX * 1000),
            rebalance_timeout_ms=int(REBALANCE_SECONDS_MAX * 1000),
        )
        self._subscriber(_passing_on(on_batch))

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """aiokafka's consumer; there from the moment opening begins."""
        consumer = self._subscriber.consumer
        assert consumer is not None, "open the shell first"
        return consumer

    async def open(self) -> None:
        """Join the group; returns with the first partitions, which may take the group a while.

        Raises what aiokafka raises. Whoever cancels it must close the shell.
        """
        # With `consumer_only` it connects nothing, and sets up what a subscriber starts from.
        await self._broker.connect()
        self._opening = asyncio.create_task(self._subscriber.start())
        try:
            await asyncio.shield(self._opening)
        except (errors.KafkaError, OSError):
            # aiokafka leaves what it had opened; the next try begins with another consumer.
            with contextlib.suppress(errors.KafkaError, OSError):
                await self.consumer.stop()
            raise

    async def open_patiently(self, *, unless: Callable[[], bool]) -> None:
        """Open as soon as the brokers are there, however long that takes."""
        patience = Patience()
        while not unless():
            try:
                await self.open()
            except (errors.KafkaConnectionError, OSError) as error:
                LOG.warning("bus_unavailable", detail=str(error))
                await asyncio.sleep(patience.lose())
            else:
                return

    async def close(self) -> None:
        """Leave the group and end everything; a batch in flight is cut off. Safe before `open`.

        What hangs (a group that is busy, a broker that is away) loses its connections after 5 s.
        """
        self._error_log.closed = True
        with contextlib.suppress(TimeoutError, errors.KafkaError, OSError):
            async with asyncio.timeout(LEAVE_SECONDS_MAX):
                await self._end_opening()
                consumer = self._subscriber.consumer
                await self._subscriber.stop()
                if consumer is not None:
                    await consumer.stop()
        client: AIOKafkaClient | None = getattr(self._subscriber.consumer, "_client", None)
        if client is not None:
            await cut_off(client)

    async def _end_opening(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])

    def _watched(
        self,
        listener: ConsumerRebalanceListener,
        group: str,
        instance: str | None,
        times: SessionTimes,
        on_error: OnError,
    ) -> ConsumerRebalanceListener:
        if instance is None:
            return listener
        return NameWatch(
            listener,
            group=group,
            instance=instance,
            session_seconds=times.session_seconds,
            is_forgotten=self._is_forgotten,
            on_taken=on_error,
        )

    def _is_forgotten(self) -> bool:
        """Whether the group no longer knew this member when it was last asked."""
        coordinator = getattr(self._subscriber.consumer, "_coordinator", None)
        return getattr(coordinator, "member_id", None) == NO_MEMBER_ID


class _ErrorLog:
    """The logger FastStream is given: an error it would only write down reaches the consumer."""

    def __init__(self, on_error: OnError) -> None:
        self._on_error = on_error
        self.closed = False

    def log(
        self,
        _level: int,
        _said: object,
        /,
        *,
        exc_info: object = None,
        **_: object,
    ) -> None:
        """Hear of an error; what else FastStream says is said better elsewhere."""
        if isinstance(exc_info, BaseException) and not self.closed:
            self._on_error(exc_info)


def _broker(access: KafkaAccess, errors_told: _ErrorLog, times: SessionTimes) -> KafkaBroker:
    security = None
    if access.credentials is not None:
        security = SASLScram512(
            username=access.credentials.user,
            password=access.credentials.password,
            use_ssl=True,
            ssl_context=access.ssl_context(),
        )
    return KafkaBroker(
        access.bootstrap_servers.split(","),
        security=security,
        client_id="sammen",
        consumer_only=True,
        allow_auto_create_topics=False,
        apply_types=False,
        graceful_timeout=None,  # the consumer waits for its batch itself before it closes the shell
        metadata_max_age_ms=int(times.metadata_seconds * 1000),
        logger=errors_told,
    )


async def _parse(batch: tuple[Read, ...]) -> KafkaMessage:
    """A message that holds the records as they are: nothing in them can make this fail."""
    return KafkaMessage(raw_message=batch, body=b"", consumer=FAKE_CONSUMER)


async def _decode(message: Any) -> object:  # noqa: ANN401 - FastStream's generic message
    return message.raw_message


def _passing_on(on_batch: OnBatch) -> OnBatch:
    async def hear(records: tuple[Read, ...]) -> None:
        await on_batch(records)

    return hear

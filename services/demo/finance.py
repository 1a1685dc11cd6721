"""A stand-in for the ministry's finance system: it pays whatever is ordered, at once and in full.

It is a client of the bus with finance's rights: it may read what bonus publishes, write its
answers, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self
from uuid import UUID, uuid5

from shared.contracts.bonus import PayoutOrdered
from shared.contracts.envelope import Decoded, decode, encode, envelope_for
from shared.contracts.finance import PayoutSettled
from shared.messaging.transport import (
    OutgoingRecord,
    Record,
    Subscription,
    Transport,
    TransportConsumer,
    TransportUnavailableError,
)
from shared.values.clock import Clock, today

GROUP: Final = "finance.orders"
LOOK_SECONDS: Final = 0.02
JOIN_SECONDS_MAX: Final = 30.0
ANSWERS: Final = UUID("0b7d1a52-6f0a-4c39-8a3e-5f7f2f0f6c11")
"""An order heard twice is answered twice under the same id, so that it is paid once."""


class FinanceStandIn:
    """Finance, from `async with` to its end."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._answered = 0
        self._told = 0
        self._consumer: TransportConsumer | None = None

    async def __aenter__(self) -> Self:
        """Connect, and hear from now on what is ordered."""
        await self._transport.start()
        consumer = self._transport.consumer(
            Subscription(GROUP, (PayoutOrdered.topic,)), self._answer
        )
        await consumer.start()
        self._consumer = consumer
        give_up_at = asyncio.get_running_loop().time() + JOIN_SECONDS_MAX
        while not await consumer.positions():
            if asyncio.get_running_loop().time() > give_up_at:
                raise TransportUnavailableError(f"{GROUP} was given nothing to hear")
            await asyncio.sleep(LOOK_SECONDS)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish the answers in hand, and leave."""
        if self._consumer is not None:
            await self._consumer.stop()
        await self._transport.close()

    async def has_answered(self) -> bool:
        """Whether it answered anything since it was last asked; it has read everything by then.

        Raises what stopped it for good.
        """
        assert self._consumer is not None, "it is entered"
        while any(place.lag for place in (await self._consumer.positions()).values()):
            if error := self._consumer.failure():
                raise error
            await asyncio.sleep(LOOK_SECONDS)
        before, self._told = self._told, self._answered
        return self._answered > before

    async def _answer(self, records: Sequence[Record]) -> None:
        answers = [answer for record in records if (answer := self._answer_to(record))]
        if answers:
            await self._transport.publish(answers)
            self._answered += len(answers)

    def _answer_to(self, record: Record) -> OutgoingRecord | None:
        seen = decode(
            topic=record.topic, key=record.key, value=record.value, headers=record.headers
        )
        if not isinstance(seen, Decoded) or not isinstance(seen.event, PayoutOrdered):
            return None
        order = seen.event
        event = PayoutSettled(
            payout=order.payout, amount_ore=order.amount_ore, settled_on=today(self._clock)
        )
        envelope = envelope_for(
            event,
            time=self._clock.now(),
            event_id=str(uuid5(ANSWERS, order.payout)),
            causation_id=seen.envelope.event_id,
            correlation_id=seen.envelope.correlation_id,
        )
        encoded = encode(event, envelope)
        return OutgoingRecord(encoded.topic, encoded.key, encoded.value, encoded.headers)

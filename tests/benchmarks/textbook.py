"""The bonus consumer as the tutorial of FastStream would have it, to be measured against.

One message, one transaction, one commit of the offset per message: that is what at-least-once
delivery takes when nothing is done in batches. `keeping` keeps what it hears in the same tables as
ours with the engine taken out; `assessing` does per message all that bonus does, with bonus's own
handler and SQL.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
from faststream import AckPolicy, Header
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from pydantic import BaseModel, ConfigDict

from services.bonus.handlers import hearing
from shared.contracts.registry import EVENT_TYPES
from shared.database import Database
from shared.messaging import inbox
from shared.messaging.work import Cause, Received, begin_work
from shared.values.clock import Clock
from tests.benchmarks.engine_out import assessed
from tests.benchmarks.stopwatch import Stopwatch

TOPIC: Final = "placements.events.v1"
CONSUMER: Final = "bonus.placements"

CLAIM = """
INSERT INTO inbox (consumer, event_id, claimed_at) VALUES ($1, $2, $3)
ON CONFLICT (consumer, event_id) DO NOTHING
"""
KEEP_PERSON = """
INSERT INTO person (person, assessed_on, next_look_on) VALUES ($1, $2, $3)
ON CONFLICT (person) DO UPDATE
SET assessed_on = excluded.assessed_on, next_look_on = excluded.next_look_on
"""
KEEP_FACT = """
INSERT INTO fact (fact_id, name, person, content, recorded_at) VALUES ($1, $2, $3, $4, $5)
"""
PUBLISH = """
INSERT INTO outbox (event_id, topic, key, value, headers, created_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
WAKE = "SELECT pg_notify('bonus_outbox', '')"


class Fact(BaseModel):
    """What every fact about a placement has; the rest is kept as it came."""

    model_config = ConfigDict(extra="allow")

    placement: str
    person: UUID


def keeping(
    servers: str, pool: asyncpg.Pool, group: str, watch: Stopwatch, today: date
) -> KafkaBroker:
    """The service without the engine: inbox, person, fact and outbox, one row each."""
    broker = KafkaBroker(servers, logger=None)

    @broker.subscriber(
        TOPIC,
        group_id=group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def on_fact(
        fact: Fact,
        event_id: Annotated[str, Header("ce_id")],
        event_type: Annotated[str, Header("ce_type")],
        told_at: Annotated[str, Header("ce_time")],
    ) -> None:
        watch.start()
        now = datetime.now(UTC)
        async with pool.acquire() as connection, connection.transaction():
            claimed = await connection.execute(CLAIM, CONSUMER, event_id, now)
            if claimed == "INSERT 0 1":
                await connection.execute(KEEP_PERSON, fact.person, today, today)
                await connection.execute(
                    KEEP_FACT,
                    event_id,
                    event_type.split(".")[-2],
                    fact.person,
                    fact.model_dump_json(),
                    datetime.fromisoformat(told_at),
                )
                told = assessed(str(fact.person))
                headers = json.dumps({"ce_id": event_id, "ce_type": told.event_type()})
                body, key = told.model_dump_json().encode(), told.partition_key().encode()
                await connection.execute(PUBLISH, event_id, told.topic, key, body, headers, now)
                await connection.execute(WAKE)
        watch.stop(1)

    return broker


def assessing(
    servers: str, database: Database, clock: Clock, group: str, watch: Stopwatch
) -> KafkaBroker:
    """The service with the engine: everything bonus does with a fact, for one fact at a time."""
    broker = KafkaBroker(servers, logger=None)

    @broker.subscriber(
        TOPIC,
        group_id=group,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
    async def on_fact(
        message: KafkaMessage,
        event_id: Annotated[str, Header("ce_id")],
        event_type: Annotated[str, Header("ce_type")],
        told_at: Annotated[str, Header("ce_time")],
    ) -> None:
        watch.start()
        fact: Any = EVENT_TYPES[event_type].model_validate_json(message.body)
        async with begin_work(database, clock, service="bonus") as work:
            new = await inbox.claim(work.connection, CONSUMER, [event_id], claimed_at=work.now)
            if new:
                received = Received(
                    event=fact,
                    event_id=event_id,
                    occurred_at=datetime.fromisoformat(told_at),
                    topic=TOPIC,
                    partition=0,
                    offset=0,
                    key=fact.person,
                    cause=Cause(event_id, event_id),
                )
                await hearing.on_facts(work, [received])
        watch.stop(1)

    return broker

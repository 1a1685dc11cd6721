"""What operations see while facts flow over Kafka: every figure moves, and the log says why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest

from shared.messaging import outbox
from shared.messaging.outbox import OutboxRow
from shared.messaging.work import Received
from shared.observability.catalogue import BatchStep
from tests.integration.kafka import line as lines
from tests.integration.kafka.line import COMPANIES, DAYS, PARTITIONS, Line
from tests.integration.kafka.losing import open_reader
from tests.support.buses import record
from tests.support.evidence import Logged, shown
from tests.support.kafka_bus import TIMES
from tests.support.messaging import TOPIC, count_rows, joined, publish, seen, updated
from tests.support.waiting import until

TOLD = len(COMPANIES) * (DAYS + 1)
PATIENT = replace(TIMES, session_seconds=30.0)
"""The machine may stand still for a while, and nobody is to join anew for it."""

TOO_LARGE = b"x" * 200_000


async def test_a_second_member_joins_and_leaves_while_batches_are_in_flight(
    line: Line, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "PAUSE_SECONDS", 0.3)
    line.reader = await open_reader(line, times=PATIENT)

    async def take_a_while(_: Sequence[Received[Any]]) -> None:
        await asyncio.sleep(0.1)

    line.bookkeeper.before = take_a_while
    first = await line.add_consumer()
    telling = asyncio.create_task(line.tell_all())
    await line.has_told(3)
    second = await line.add_consumer()
    await until(
        lambda: shown(line.members[1], "sammen_events_consumed_total", outcome="handled") > 0,
        what="the second member has decided something",
    )
    assert not telling.done(), "facts flow"
    await second.stop()
    await telling
    await line.all_arrive()
    assert (first.failure(), second.failure()) == (None, None)
    # Alone, with the second, alone again; and the second one's own.
    await until(
        lambda: shown(line.members[0], "sammen_consumer_rebalances_total") == 3,
        what="each time the partitions were given out is counted",
    )
    assert [each["partitions"] for each in logged.lines("partitions_assigned")] == [6, 3, 3, 6]
    assert {each["level"] for each in logged.lines("partitions_released")} == {"info"}
    assert line.lag_at_most > 0
    await until(lambda: line.shown("sammen_consumer_lag_records") == 0, what="no lag is shown")
    await _every_figure_has_moved(line)


async def _every_figure_has_moved(line: Line) -> None:
    """Nothing came twice, so that each fact is counted once by everybody who counts."""
    bonus = {"service": "bonus", "consumer": "bonus.companies"}
    assert line.shown("sammen_consumer_batch_events_sum", **bonus) == TOLD
    assert line.shown("sammen_consumer_batch_seconds_sum", **bonus) > 0
    # Nothing is tried again here, this handler does not say what it is busy with, and fetching
    # counts only where records wait (transport/test_seen).
    for step in {*get_args(BatchStep)} - {"pause", "decide", "fetch"}:
        assert line.shown("sammen_consumer_step_seconds_total", **bonus, step=step) > 0, step
    told_at = line.world.clock.now().timestamp() * PARTITIONS
    progress = "sammen_consumer_last_progress_timestamp_seconds"
    await until(
        lambda: shown(line.members[0], progress, **bonus) == told_at,
        what="each partition's last progress is shown",
    )
    published = {"service": "membership", "outcome": "published"}
    assert line.shown("sammen_relay_rows_total", **published) == TOLD
    assert line.shown("sammen_relay_batch_seconds_sum", service="membership") > 0


async def test_a_row_too_large_for_the_broker_is_set_aside_while_the_rest_goes_on(
    line: Line, logged: Logged
) -> None:
    await line.add_consumer()
    async with line.world.membership.transaction() as connection:
        await outbox.insert(
            connection,
            "membership",
            [OutboxRow(TOPIC, COMPANIES[0].encode(), TOO_LARGE, (), "event-too-large")],
            created_at=line.world.clock.now(),
        )
    await publish(line.world, [joined(cvr) for cvr in COMPANIES])
    await until(lambda: _has_decided(line, len(COMPANIES)), what="the rest has arrived")
    refused = {"service": "membership", "outcome": "refused"}
    assert line.shown("sammen_relay_rows_total", **refused) == 1
    assert [each["event_id"] for each in logged.lines("relay_refused")] == ["event-too-large"]
    assert await count_rows(line.world.membership, "outbox", "refused_reason IS NOT NULL") == 1


async def _has_decided(line: Line, facts: int) -> bool:
    return len(await seen(line.world.bonus)) == facts


async def test_a_record_that_nobody_can_read_stops_its_key_and_is_counted(
    line: Line, logged: Logged
) -> None:
    consumer = await line.add_consumer()
    await line.writer.publish([record(TOPIC, b"{", key=COMPANIES[0].encode())])
    await until(
        lambda: line.shown("sammen_dead_letters_total", service="bonus") == 1,
        what="the letter is counted",
    )
    await publish(line.world, [updated(cvr, 1) for cvr in COMPANIES[:2]])
    await until(
        lambda: line.shown("sammen_events_consumed_total", outcome="parked") == 1,
        what="its key waits",
    )
    (letter,) = logged.lines("dead_letter_written")
    assert (letter["level"], letter["topic"], letter["offset"]) == ("error", TOPIC, 0)
    assert "event_parked" in logged
    assert consumer.failure() is None

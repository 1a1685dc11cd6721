"""What is seen of a consumer from outside, and what ends a process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest

from shared.database import Database
from shared.messaging import watchdog
from shared.messaging.consumer import Consumer, DeadLetterLimitError
from shared.messaging.transport import Position, TransportUnavailableError
from shared.messaging.watchdog import Watchdog, WatchdogError
from shared.observability.metrics import Metrics
from tests.integration.messaging.conftest import Desk
from tests.support.handfed import HandFedBus
from tests.support.messaging import TOPIC, Log, count_rows, cvrs, joined, updated

PLACE = (TOPIC, 0)


@dataclass
class Watching:
    """A watchdog over one consumer, and the time it sees."""

    desk: Desk
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.dog = Watchdog(
            "bonus",
            [self.desk.consumer],
            clock=self.desk.world.clock,
            metrics=self.desk.metrics,
            stalled_seconds_max=60.0,
            look_seconds=0.01,
            monotonic=lambda: self.seconds,
        )

    async def look_after(self, seconds: float) -> None:
        self.seconds += seconds
        await self.dog.look()

    def place(self, *, next_offset: int, end_offset: int) -> None:
        assert self.desk.bus.member is not None
        self.desk.bus.member.places = {PLACE: Position(next_offset, end_offset)}


@pytest.fixture
def watching(desk: Desk) -> Watching:
    return Watching(desk)


async def test_lag_without_progress_ends_the_process_after_a_while(watching: Watching) -> None:
    watching.place(next_offset=1, end_offset=9)
    await watching.look_after(0)
    await watching.look_after(60)
    where = "{}-{} at offset 1;".format(*PLACE)
    with pytest.raises(
        WatchdogError, match=f"companies lags and has not moved for 61 seconds, {where}"
    ):
        await watching.look_after(1)


async def test_an_idle_consumer_may_stand_still_for_ever(watching: Watching) -> None:
    watching.place(next_offset=9, end_offset=9)
    for _ in range(5):
        await watching.look_after(100)


async def test_a_moving_consumer_may_lag_for_ever(watching: Watching) -> None:
    for offset in range(5):
        watching.place(next_offset=offset, end_offset=1000)
        await watching.look_after(59)


async def test_the_watchdog_shows_lag_and_the_last_move(watching: Watching) -> None:
    watching.place(next_offset=1, end_offset=9)
    await watching.look_after(0)
    watching.desk.world.clock.advance(seconds=30)
    await watching.look_after(30)

    labels = {
        "service": "bonus",
        "consumer": "bonus.companies",
        "topic": TOPIC,
        "partition": "0",
    }
    shown = watching.desk.metrics.registry.get_sample_value
    assert shown("sammen_consumer_lag_records", labels) == 8
    moved_at = watching.desk.world.clock.now().timestamp() - 30
    assert shown("sammen_consumer_last_progress_timestamp_seconds", labels) == moved_at


async def test_a_bus_that_is_away_is_no_fault_of_the_consumer(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_there() -> dict[tuple[str, int], Position]:
        raise TransportUnavailableError("nobody there")

    watching.place(next_offset=1, end_offset=9)
    await watching.look_after(0)
    assert watching.desk.bus.member is not None
    monkeypatch.setattr(watching.desk.bus.member, "positions", nobody_there)
    await watching.look_after(100)


async def test_a_consumer_that_answers_nothing_is_given_up(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> dict[tuple[str, int], Position]:
        await asyncio.Event().wait()
        raise AssertionError

    watching.place(next_offset=1, end_offset=9)
    await watching.look_after(0)
    assert watching.desk.bus.member is not None
    monkeypatch.setattr(watching.desk.bus.member, "positions", never)
    monkeypatch.setattr(watchdog, "ANSWER_SECONDS_MAX", 0.01)
    with pytest.raises(WatchdogError):
        await watching.look_after(100)


async def test_a_failed_consumer_ends_the_watch_at_once(watching: Watching) -> None:
    watch = asyncio.create_task(watching.dog.run())
    log = Log()
    with pytest.raises(DeadLetterLimitError):
        await watching.desk.deliver(*(log.raw(b"{", key=None) for _ in range(20)))
    with pytest.raises(WatchdogError, match="20 dead letters in a row"):
        await watch


async def test_what_passes_by_leaves_no_trace(desk: Desk) -> None:
    desk.events = ()
    await desk.open()
    await desk.deliver(Log().record(joined(cvrs(1)[0])))

    assert await count_rows(desk.world.bonus, "inbox") == 0
    assert b"events_consumed_total{" not in desk.metrics.exposition()


async def test_each_fate_is_counted_after_the_commit(desk: Desk) -> None:
    log, company = Log(), cvrs(1)[0]
    record = log.record(joined(company))
    broken = replace(log.record(updated(company, 2)), value=b"{")
    await desk.deliver(record, record, broken, log.record(updated(company, 3)))

    shown = desk.metrics.exposition().decode()
    labels = 'consumer="bonus.companies",event_type="{}",outcome="{}",service="bonus"'
    type_ = "dk.sammen.membership.{}.v1"
    for name, outcome in (
        (type_.format("CompanyJoined"), "handled"),
        (type_.format("CompanyJoined"), "duplicate"),
        (type_.format("CompanyUpdated"), "parked"),
        ("", "malformed"),
    ):
        assert f"events_consumed_total{{{labels.format(name, outcome)}}} 1.0" in shown
    assert 'dead_letters_total{reason="not_json",service="bonus"} 1.0' in shown


async def test_a_record_that_can_not_even_be_buried_stops_the_consumer(desk: Desk) -> None:
    owner = await Database.connect(
        desk.world.database.owner_url, application_name="owner", schema="bonus"
    )
    async with owner.connection() as connection:
        await connection.execute("ALTER TABLE dead_letter ADD CONSTRAINT no_more CHECK (false)")
    await owner.close()
    log, company = Log(), cvrs(1)[0]
    with pytest.raises(Exception, match="no_more"):
        await desk.deliver(log.record(joined(company)), log.raw(b"{", key=None))

    assert "no_more" in str(desk.consumer.failure())
    assert len(await desk.seen()) == 1


async def test_a_consumer_that_was_never_started_has_nothing_to_say(desk: Desk) -> None:
    consumer = Consumer(
        "bonus",
        desk.bookkeeper.hears("others"),
        database=desk.world.bonus,
        transport=HandFedBus(),
        clock=desk.world.clock,
        metrics=Metrics(),
    )
    assert (await consumer.progress()).positions == {}
    assert consumer.failure() is None
    await consumer.stop()

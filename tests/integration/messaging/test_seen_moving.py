"""Consumers, relay and watchdog count what they do, and stop showing what they no longer know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, get_args

import pytest

from shared.database import DatabaseUnavailableError
from shared.messaging import relay
from shared.messaging.locks import try_session_lock
from shared.messaging.transport import OutgoingRecord, Position, TransportUnavailableError
from shared.messaging.watchdog import Watchdog
from shared.messaging.work import Received, Work
from shared.observability.catalogue import BatchStep
from shared.observability.metrics import Metrics
from tests.integration.messaging.conftest import Desk
from tests.support.messaging import TOPIC, Log, World, cvrs, joined, publish
from tests.support.posting import Post
from tests.support.waiting import until

CONSUMER = {"service": "bonus", "consumer": "bonus.companies"}
RELAY = {"service": "membership"}


def shown(metrics: Metrics, name: str, **labels: str) -> float | None:
    """The value of a series, None when it is not shown."""
    return metrics.registry.get_sample_value(f"sammen_{name}", labels)


def step_seconds(desk: Desk) -> dict[str, float]:
    """What each step took so far."""
    return {
        step: shown(desk.metrics, "consumer_step_seconds_total", **CONSUMER, step=step) or 0.0
        for step in get_args(BatchStep)
    }


def in_three_steps(desk: Desk) -> None:
    """Have batches handled by a handler that says its steps, and takes a while for each."""

    async def handle(work: Work, events: Sequence[Received[Any]]) -> None:
        await asyncio.sleep(0.02)
        work.steps.begin("decide")
        await asyncio.sleep(0.04)
        work.steps.begin("write")
        await asyncio.sleep(0.06)
        await desk.bookkeeper(work, events)

    desk.handler = handle


async def test_every_step_of_a_batch_is_counted(desk: Desk) -> None:
    in_three_steps(desk)
    await desk.open()
    log = Log()
    for cvr in cvrs(2):
        # The second begins the step that ends the first one's last.
        await desk.deliver(log.record(joined(cvr)))

    seconds = step_seconds(desk)
    assert seconds.pop("pause") == 0
    assert all(seconds.values()), seconds
    # At least: on a busy machine any of them may take longer than the next.
    assert seconds["load"] >= 0.04
    assert seconds["decide"] >= 0.08
    assert seconds["write"] >= 0.12


async def test_the_steps_add_up_to_the_batch(desk: Desk) -> None:
    in_three_steps(desk)
    await desk.open()
    await desk.deliver(*(Log().record(joined(cvr)) for cvr in cvrs(20)))

    in_all = shown(desk.metrics, "consumer_batch_seconds_sum", **CONSUMER)
    seconds = step_seconds(desk)
    assert seconds.pop("fetch") >= 0
    assert sum(seconds.values()) == pytest.approx(in_all, abs=0.05)
    assert shown(desk.metrics, "consumer_batch_events_sum", **CONSUMER) == 20


async def test_waiting_before_another_try_is_a_step_of_its_own(desk: Desk) -> None:
    company = cvrs(1)[0]

    async def mend(_events: object) -> None:
        if len(desk.bookkeeper.batches) == 3:
            desk.bookkeeper.stumbles.clear()

    desk.bookkeeper.before = mend
    desk.bookkeeper.stumbles[company] = DatabaseUnavailableError("nobody there")
    await desk.deliver(Log().record(joined(company)))

    assert step_seconds(desk)["pause"] >= 0.01
    assert shown(desk.metrics, "retries_total", service="bonus", kind="unavailable") == 2


async def test_the_relay_shows_how_long_its_batches_take(post: Post) -> None:
    await publish(post.world, [joined(cvr) for cvr in cvrs(5)])
    async with post.relay(batch_rows_max=2):
        await post.drained()
        await until(
            lambda: shown(post.metrics, "relay_batch_seconds_count", **RELAY) == 3,
            what="three batches were counted",
        )
    assert shown(post.metrics, "relay_batch_seconds_sum", **RELAY)
    assert shown(post.metrics, "relay_rows_total", **RELAY, outcome="published") == 5


async def test_depth_and_age_of_the_outbox_are_seen_while_the_bus_is_away(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = True

    def fail(_records: Sequence[OutgoingRecord]) -> None:
        if away:
            raise TransportUnavailableError("nobody there")

    def waiting() -> tuple[float | None, float | None]:
        return (
            shown(post.metrics, "outbox_waiting_rows", **RELAY),
            shown(post.metrics, "outbox_oldest_age_seconds", **RELAY),
        )

    monkeypatch.setattr(relay, "LOOK_SECONDS", 0.0)
    post.bus.before_publish = fail
    await publish(post.world, [joined(cvr) for cvr in cvrs(3)])
    async with post.relay():
        await until(lambda: waiting() == (3, 0), what="three rows wait")
        post.world.clock.advance(seconds=90)
        await publish(post.world, [joined(cvr) for cvr in cvrs(1)])
        await until(lambda: waiting() == (4, 90), what="four rows wait, the oldest for 90 s")
        away = False
        await until(lambda: waiting() == (0, 0), what="none waits")
        assert shown(post.metrics, "dead_letters_open", **RELAY, state="dead") == 0
    assert waiting() == (None, None), "who holds no relay does not know what waits"
    assert shown(post.metrics, "dead_letters_open", **RELAY, state="dead") is None
    assert shown(post.metrics, "relay_active", **RELAY) == 0


async def test_a_relay_that_never_had_its_turn_shows_that_it_stands_by(post: Post) -> None:
    async with post.world.membership.connection() as another:
        assert await try_session_lock(another, "relay", "membership")
        async with post.relay():
            assert shown(post.metrics, "relay_active", **RELAY) == 0


async def test_producers_made_anew_are_counted(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(relay, "POLL_SECONDS", 0.01)

    def rebuilds() -> float | None:
        return shown(post.metrics, "producer_rebuilds_total", **RELAY)

    async with post.relay():
        await until(lambda: rebuilds() == 0, what="none was made anew")
        post.bus.rebuilt = 2
        await until(lambda: rebuilds() == 2, what="two are counted")
        post.bus.rebuilt = 3
        await until(lambda: rebuilds() == 3, what="each is counted once")


def place(lag: int) -> Position:
    return Position(10, 10 + lag)


async def test_only_partitions_held_are_shown_and_each_sharing_out_is_counted(
    desk: Desk, world: World
) -> None:
    dog = Watchdog("bonus", [desk.consumer], clock=world.clock, metrics=desk.metrics)
    member = desk.bus.member
    assert member is not None

    def lags() -> list[float | None]:
        return [
            shown(desk.metrics, name, **CONSUMER, topic=TOPIC, partition=partition)
            for name in ("consumer_lag_records", "consumer_last_progress_timestamp_seconds")
            for partition in ("0", "1")
        ]

    now = world.clock.now().timestamp()
    member.places, member.given_out = {(TOPIC, 0): place(7), (TOPIC, 1): place(0)}, 1
    await dog.look()
    assert lags() == [7, 0, now, now]
    assert shown(desk.metrics, "consumer_rebalances_total", **CONSUMER) == 1
    member.places, member.given_out = {(TOPIC, 1): place(3)}, 4
    await dog.look()
    assert lags() == [None, 3, None, now]
    assert shown(desk.metrics, "consumer_rebalances_total", **CONSUMER) == 4

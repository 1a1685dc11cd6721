"""A compacted topic: a null value erases what is held under its key, in its place among others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.contracts.membership import ContactRecorded
from shared.messaging.consumer import Consumer
from shared.messaging.dead_letters import (
    Discarded,
    Replayed,
    discard,
    list_dead_letters,
    listeners_of,
    replay,
)
from shared.messaging.replaying import NotReplayed
from shared.messaging.transport import Record
from shared.messaging.work import Hears, Received, UndecidableError, Work
from shared.observability.metrics import Metrics
from tests.support.handfed import HandFedBus
from tests.support.messaging import HASTY, Log, World, count_rows, seen

CONTACTS = "membership.contacts.v1"


class Addresses:
    """Notes contacts and forgets them, and can refuse one of a name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bus = HandFedBus()
        self.refused_name = ""
        self.hears = Hears(
            name="contacts",
            topics=(CONTACTS,),
            events=(ContactRecorded,),
            handler=self.note,
            on_erased=self.forget,
        )

    async def open(self) -> None:
        consumer = Consumer(
            "bonus",
            self.hears,
            database=self.world.bonus,
            transport=self.bus,
            clock=self.world.clock,
            metrics=Metrics(),
            policy=HASTY,
        )
        await consumer.start()

    async def note(self, work: Work, events: Sequence[Received[Any]]) -> None:
        for received in events:
            if received.event.name == self.refused_name:
                raise UndecidableError("name_refused")
            await self._write(work, received.event.contact, received.event.name)

    async def forget(self, work: Work, keys: Sequence[str]) -> None:
        for key in keys:
            await self._write(work, key, "erased")

    async def _write(self, work: Work, contact: str, detail: str) -> None:
        await work.connection.execute(
            "INSERT INTO seen (event_id, cvr, detail) VALUES ('', $1, $2)", contact, detail
        )

    async def done(self) -> list[tuple[str, str]]:
        return [(row.cvr, row.detail) for row in await seen(self.world.bonus)]


@pytest.fixture
async def addresses(world: World) -> Addresses:
    opened = Addresses(world)
    await opened.open()
    return opened


def contact(log: Log, name: str, contact_id: str = "c-1") -> Record:
    return log.record(
        ContactRecorded(
            contact=contact_id,
            organisation="authority",
            name=name,
            email="nobody@example.dk",
            language="da",
            roles=("board",),
            wishes=(),
        )
    )


def erasure(log: Log, contact_id: str = "c-1") -> Record:
    return log.raw(None, key=contact_id.encode(), headers=[("ce_id", b"erasure-1")])


async def test_an_erasure_has_its_effect_in_its_place_among_the_events(
    addresses: Addresses,
) -> None:
    log = Log(topic=CONTACTS)
    await addresses.bus.deliver(
        [contact(log, "Bodil"), erasure(log), contact(log, "Birthe"), contact(log, "Karl", "c-2")]
    )

    assert await addresses.done() == [
        ("c-1", "Bodil"),
        ("c-1", "erased"),
        ("c-1", "Birthe"),
        ("c-2", "Karl"),
    ]


async def test_an_erasure_that_comes_again_forgets_nothing_recorded_since(
    addresses: Addresses,
) -> None:
    log = Log(topic=CONTACTS)
    batch = [contact(log, "Bodil"), erasure(log), contact(log, "Birthe")]
    await addresses.bus.deliver(batch)
    await addresses.bus.deliver(batch)
    await addresses.bus.deliver([erasure(log)])

    assert [detail for _, detail in await addresses.done()] == ["Bodil", "erased", "Birthe"]


async def test_an_erasure_behind_a_dead_letter_waits_its_turn(addresses: Addresses) -> None:
    log = Log(topic=CONTACTS)
    addresses.refused_name = "Bodil"
    await addresses.bus.deliver([contact(log, "Bodil"), erasure(log), contact(log, "Karl", "c-2")])
    addresses.refused_name = ""
    world = addresses.world
    outcome = await replay(
        listeners_of("bonus", [addresses.hears], database=world.bonus, clock=world.clock), 1
    )

    assert isinstance(outcome, Replayed)
    assert await addresses.done() == [("c-2", "Karl"), ("c-1", "Bodil"), ("c-1", "erased")]
    assert await count_rows(world.bonus, "dead_letter", "state = 'replayed'") == 2


async def test_an_erasure_leaves_nothing_of_its_key_among_the_dead_letters(
    addresses: Addresses,
) -> None:
    log = Log(topic=CONTACTS)
    addresses.refused_name = "Bodil"
    of_a_later_version = replace(
        contact(log, "Bodil"), headers=(("ce_id", b"e-1"), ("ce_type", b"dk.sammen.membership.New"))
    )
    await addresses.bus.deliver(
        [of_a_later_version, contact(log, "Bodil"), contact(log, "Bodil", "c-2"), erasure(log)]
    )
    world = addresses.world
    listeners = listeners_of("bonus", [addresses.hears], database=world.bonus, clock=world.clock)
    async with world.bonus.connection() as connection:
        unknown, refused, *_ = await list_dead_letters(connection)
        assert isinstance(await discard(listeners, refused.id, reason="she left"), Discarded)
        letters = await list_dead_letters(connection)
    assert [
        (letter.record.key, letter.state, letter.record.value is None) for letter in letters
    ] == [
        (b"c-1", "unknown_type", True),
        (b"c-1", "discarded", True),
        (b"c-2", "dead", False),
        (b"c-1", "replayed", True),
    ]
    again = await replay(listeners, unknown.id)
    assert isinstance(again, NotReplayed)
    assert again.reason == "redacted"

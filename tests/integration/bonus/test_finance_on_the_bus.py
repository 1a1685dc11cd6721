"""Finance's answers as they come over the bus: once, twice, and about what nobody ordered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from shared.contracts.envelope import encode, envelope_for, new_event_id
from shared.contracts.finance import PayoutSettled
from shared.messaging.transport import OutgoingRecord, Transport, TransportForbiddenError
from shared.runtime.outside import outside_transport
from shared.runtime.settings import EMBEDDED_BUS, Settings
from tests.integration.bonus.finance import EXPENSE, PAID, ordered
from tests.integration.bonus.office import Office

LETTERS = "SELECT consumer, reason, state FROM bonus.dead_letter ORDER BY id"


@pytest.fixture
async def bus(office: Office) -> AsyncIterator[Transport]:
    """The bus as finance may use it."""
    settings = Settings.model_validate(
        {
            "database_url": office.system.database.owner_url,
            "kafka_bootstrap_servers": EMBEDDED_BUS,
        }
    )
    transport = await outside_transport(settings, "finance")
    await transport.start()
    yield transport
    await transport.close()


def answer(office: Office, payout: str, event_id: str | None = None) -> OutgoingRecord:
    event = PayoutSettled(payout=payout, amount_ore=2_000_000, settled_on=office.clock.now().date())
    encoded = encode(
        event,
        envelope_for(event, time=office.clock.now(), event_id=event_id or new_event_id()),
    )
    return OutgoingRecord(encoded.topic, encoded.key, encoded.value, encoded.headers)


async def test_an_answer_delivered_twice_is_booked_once(office: Office, bus: Transport) -> None:
    finance, payout = await ordered(office)
    told = answer(office, payout)
    await bus.publish([told, told])
    await office.system.settled()
    assert await finance.remarks() == ["in_full"]
    assert await office.balances() == {EXPENSE: 20_000, PAID: -20_000}


async def test_an_unknown_payout_is_a_dead_letter_and_holds_up_nothing_else(
    office: Office, bus: Transport
) -> None:
    finance, payout = await ordered(office)
    unknown = str(uuid4())
    await bus.publish([answer(office, unknown), answer(office, unknown), answer(office, payout)])
    await office.system.settled()
    assert [tuple(row) for row in await finance.rows(LETTERS)] == [
        ("bonus.settlements", "payout_unknown", "dead"),
        ("bonus.settlements", "", "parked"),
    ]
    assert await finance.remarks() == ["in_full"]


async def test_finance_may_write_nothing_but_its_answers(office: Office, bus: Transport) -> None:
    told = answer(office, str(uuid4()))
    with pytest.raises(TransportForbiddenError):
        await bus.publish([OutgoingRecord("bonus.events.v1", told.key, told.value, told.headers)])

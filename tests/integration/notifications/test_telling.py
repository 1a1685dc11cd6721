from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from services.notifications import handlers
from tests.integration.notifications.office import (
    COMPANY,
    IDA,
    OTHER_COMPANY,
    SAM,
    Office,
    contact,
    due,
    joined,
)


async def test_a_company_joining_is_told_to_each_contact_once(office: Office) -> None:
    await office.told(contact(IDA), contact(SAM), joined())
    assert await office.states() == [(IDA, "due"), (SAM, "due")]


async def test_a_notice_waits_for_a_contact_that_is_not_known_yet(office: Office) -> None:
    await office.told(joined(), due())
    assert await office.states() == []
    await office.told(contact(IDA))
    assert await office.states() == [(IDA, "due"), (IDA, "due")]


async def test_a_notice_waits_for_as_long_as_it_takes(office: Office) -> None:
    await office.told(due())
    office.clock.advance_to(office.clock.now() + timedelta(days=400))
    await office.told(contact(IDA))
    assert await office.states() == [(IDA, "due")]


async def test_both_contacts_of_a_joining_are_told_in_any_order(office: Office) -> None:
    await office.told(contact(IDA))
    await office.told(joined())
    await office.told(contact(SAM))
    assert await office.states() == [(IDA, "due"), (SAM, "due")]


async def test_the_same_told_again_makes_no_second_notice(office: Office) -> None:
    for _ in range(2):
        await office.told(contact(IDA), joined(), joined(), due(), due())
    await office.send()
    for _ in range(2):
        await office.told(contact(IDA), joined(), due())
    await office.send()
    assert await office.states() == [(IDA, "sent"), (IDA, "sent")]
    assert len(list(office.mails.iterdir())) == 2


async def test_an_instalment_is_told_once_per_case_milestone_and_amount(office: Office) -> None:
    await office.told(contact(IDA))
    await office.told(due(), due(law="another paragraph"), due("case-2"), due(milestone="M12"))
    await office.told(due(amount_ore=1_500_000))
    subjects = [row["subject"] for row in await office.notices()]
    assert subjects == [
        "case-1/M12/2000000",
        "case-1/M6/1500000",
        "case-1/M6/2000000",
        "case-2/M6/2000000",
    ]


async def test_only_the_companys_own_contacts_are_told(office: Office) -> None:
    stranger = contact("stranger", cvr=OTHER_COMPANY)
    town = contact("town", organisation="municipality", cvr=None, municipality="0101")
    await office.told(contact(IDA), stranger, town)
    await office.told(due())
    assert await office.states() == [(IDA, "due")]


async def test_a_company_number_beside_a_municipality_counts_for_nothing(office: Office) -> None:
    town = contact("town", organisation="municipality", municipality="0101")
    await office.told(town, due())
    assert await office.states() == []


@pytest.mark.parametrize(
    ("roles", "templates"),
    [
        ((), ["bonus_instalment_due", "company_joined"]),
        (("bonus",), ["bonus_instalment_due"]),
        (("membership",), ["company_joined"]),
        (("bonus", "membership"), ["bonus_instalment_due", "company_joined"]),
        (("personnel",), []),
    ],
)
async def test_roles_decide_who_hears_what(
    office: Office, roles: tuple[str, ...], templates: list[str]
) -> None:
    await office.told(contact(IDA, roles=roles))
    await office.told(joined(), due())
    assert [row["template"] for row in await office.notices()] == templates


async def test_a_contact_with_another_role_leaves_a_notice_waiting(office: Office) -> None:
    await office.told(contact(IDA, roles=("membership",)))
    await office.told(due())
    await office.told(contact(SAM, roles=("bonus",)))
    assert await office.states() == [(SAM, "due")]


async def test_a_later_contact_is_not_told_what_others_were_told_long_ago(
    office: Office,
) -> None:
    await office.told(contact(IDA), due("old"))
    office.clock.advance_to(office.clock.now() + timedelta(days=15))
    await office.told(due("new"))
    await office.told(contact(SAM))
    told = [(row["subject"], row["contact"]) for row in await office.notices()]
    assert told == [
        ("new/M6/2000000", IDA),
        ("new/M6/2000000", SAM),
        ("old/M6/2000000", IDA),
    ]


async def test_a_new_role_opens_no_old_notices(office: Office) -> None:
    await office.told(contact(IDA), contact(SAM, roles=("membership",)))
    await office.told(due("old"))
    office.clock.advance_to(office.clock.now() + timedelta(days=15))
    await office.told(contact(SAM, roles=("bonus",)))
    await office.told(due("new"))
    told = [row["subject"] for row in await office.notices() if row["contact"] == SAM]
    assert told == ["new/M6/2000000"]


async def test_of_a_contact_told_twice_in_a_batch_the_last_counts(office: Office) -> None:
    await office.told(contact(IDA, language="da"), contact(IDA, language="en", email="i@b.example"))
    await office.told(joined())
    await office.send()
    [mail] = office.mails.iterdir()
    assert b"To: i@b.example" in mail.read_bytes()
    assert b"Content-Language: en" in mail.read_bytes()


async def test_contact_and_occasion_at_the_very_same_time_find_each_other(office: Office) -> None:
    """Neither transaction sees the other's rows; only the lock on the company makes them wait."""
    for place in range(10):
        case = f"case-{place}"
        async with asyncio.TaskGroup() as group, office.context.begin() as work:
            await handlers.on_something_to_tell(work, [office.received(due(case))])
            other = group.create_task(office.told(contact(f"contact-{place}")))
            await _until_waiting(office, other)
    told = {(row["subject"], row["contact"]) for row in await office.notices()}
    assert {(f"case-{place}/M6/2000000", f"contact-{place}") for place in range(10)} <= told


async def test_many_companies_told_at_once_in_any_order_do_not_block_each_other(
    office: Office,
) -> None:
    companies = [COMPANY, OTHER_COMPANY]
    events = [due(f"case-{cvr}", employer=cvr) for cvr in companies]
    contacts = [contact(f"contact-{cvr}", cvr=cvr) for cvr in companies]
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(office.told(*events))
            group.create_task(office.told(*reversed(events)))
            group.create_task(office.told(*contacts))
            group.create_task(office.told(*reversed(contacts)))
    assert await office.states() == [(f"contact-{cvr}", "due") for cvr in companies]


WAITING = """
SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)
"""


async def _until_waiting(office: Office, other: asyncio.Task[None]) -> None:
    """Wait until the other transaction waits for a lock, or has got by without one."""
    while not other.done():
        [row] = await office.fetch(WAITING)
        if row[0]:
            return
        await asyncio.sleep(0.005)

from __future__ import annotations

from tests.integration.notifications.office import IDA, SAM, Office, contact, due, joined


async def test_an_erased_contact_leaves_no_address_in_any_table(office: Office) -> None:
    await office.told(contact(IDA), contact(SAM), joined())
    await office.send()
    await office.told(due())
    assert "contact-ida@firma.example" in await office.everything()
    await office.erased(IDA)
    everything = await office.everything()
    assert "contact-ida@" not in everything
    assert "Ida Holm" not in everything
    assert "contact-sam@" in everything


async def test_what_an_erased_contact_was_still_to_be_told_is_called_off(office: Office) -> None:
    await office.told(contact(IDA), contact(SAM), joined())
    await office.erased(IDA)
    await office.send()
    assert await office.states() == [(IDA, "erased"), (SAM, "sent")]
    assert len(list(office.mails.iterdir())) == 1


async def test_what_an_erased_contact_was_told_stays_known(office: Office) -> None:
    await office.told(contact(IDA), joined())
    await office.send()
    await office.erased(IDA)
    assert await office.states() == [(IDA, "sent")]


async def test_erasing_somebody_unknown_or_erased_changes_nothing(office: Office) -> None:
    await office.told(contact(IDA), joined())
    await office.erased("nobody")
    await office.erased(SAM, "nobody", IDA)
    await office.erased(IDA)
    assert await office.states() == [(IDA, "erased")]


async def test_nothing_more_is_made_for_an_erased_contact(office: Office) -> None:
    await office.told(contact(IDA))
    await office.erased(IDA)
    await office.told(due())
    assert await office.states() == []
    await office.told(contact(SAM))
    assert await office.states() == [(SAM, "due")]


async def test_a_name_is_not_even_kept_while_the_contact_is_known(office: Office) -> None:
    await office.told(contact(IDA, name="Birgitte Aabenraa"), joined())
    assert "Birgitte" not in await office.everything()

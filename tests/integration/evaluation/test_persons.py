from __future__ import annotations

from services.evaluation.domain.figures import Persons
from shared.contracts.membership import CompanyLeft
from shared.contracts.placements import (
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementEndRetracted,
    PlacementEvent,
    PlacementReinstated,
)
from tests.integration.evaluation.office import (
    COMPANY,
    OTHER_COMPANY,
    Office,
    about,
    day,
    joined,
    started,
)

TWIN = "0461/9"

Said = tuple[type[PlacementEvent], dict[str, object]]


def ended(
    last_day: str = "2016-12-31", reason: str = "resigned", placement: str = "0101/1"
) -> PlacementEvent:
    return about(PlacementEnded, last_day=day(last_day), reason=reason, placement=placement)


def annulled(reason: str = "mistake", placement: str = "0101/1") -> PlacementEvent:
    return about(PlacementAnnulled, reason=reason, placement=placement)


async def test_a_person_is_placed_from_the_start_to_the_last_day(office: Office) -> None:
    await office.told(started(), ended())
    assert await office.persons("2016-07-31") == {}
    assert await office.persons("2016-08-01") == {"ordinary": 1}
    assert await office.persons("2016-12-31") == {"ordinary": 1}
    assert await office.persons("2017-01-01") == {}


async def test_persons_are_counted_and_not_placements(office: Office) -> None:
    await office.told(
        started("0101/1"),
        started("0101/2", employer=OTHER_COMPANY),
        started("0101/3", kind="igu"),
        started("0101/4", number=2),
    )
    assert await office.persons("2016-08-01") == {"ordinary": 2, "igu": 1}


RETRACTED: Said = (PlacementEndRetracted, {})
REINSTATED: Said = (PlacementReinstated, {})


def says_ended(last_day: str = "2016-12-31", reason: str = "resigned") -> Said:
    return PlacementEnded, {"last_day": day(last_day), "reason": reason}


def says_annulled(reason: str = "mistake") -> Said:
    return PlacementAnnulled, {"reason": reason}


def says_corrected(started_on: str) -> Said:
    return PlacementCorrected, {"started_on": day(started_on)}


WHAT_IS_TOLD: tuple[tuple[list[Said], bool], ...] = (
    ([says_ended(), RETRACTED], True),
    ([says_ended(), RETRACTED, says_ended("2016-11-30")], False),
    ([says_ended("2016-11-30"), says_ended("2017-06-30")], True),
    ([says_ended("2016-07-31")], False),
    ([says_ended("2017-06-30", "never_showed_up")], False),
    ([says_ended(reason="never_showed_up"), says_ended("2017-06-30")], True),
    ([says_ended(reason="never_showed_up"), RETRACTED], True),
    ([says_ended(reason="never_showed_up"), REINSTATED], False),
    ([says_annulled()], False),
    ([says_annulled(), REINSTATED], True),
    ([says_annulled(), REINSTATED, says_annulled()], False),
    ([says_annulled("duplicate")], False),
    ([says_annulled("duplicate"), REINSTATED], True),
    ([says_corrected("2017-02-01")], False),
    ([says_corrected("2017-02-01"), says_corrected("2017-01-15")], True),
)
"""What follows a start on 2016-08-01, and whether the person is placed on 2017-01-15 then."""


async def test_of_what_is_told_the_last_counts(office: Office) -> None:
    """Each story has a person and a kind of its own, so one look tells them apart."""
    for number, (told, _) in enumerate(WHAT_IS_TOLD):
        placement, kind = f"0101/{number}", f"story_{chr(ord('a') + number)}"
        await office.told(started(placement, number, kind=kind))
        await office.told(*(about(what, placement, number, **fields) for what, fields in told))
    placed = {
        f"story_{chr(ord('a') + number)}": 1
        for number, (_, is_placed) in enumerate(WHAT_IS_TOLD)
        if is_placed
    }
    assert await office.persons("2017-01-15") == placed


async def test_a_corrected_start_outlives_a_repeated_first_report(office: Office) -> None:
    await office.told(started(), about(PlacementCorrected, started_on=day("2016-07-01")), started())
    assert await office.persons("2016-07-15") == {"ordinary": 1}


async def test_a_fact_about_a_placement_that_never_started_has_no_effect_yet(
    office: Office,
) -> None:
    await office.told(ended())
    assert await office.persons("2016-08-01") == {}
    await office.told(started())
    assert await office.persons("2016-12-31") == {"ordinary": 1}
    assert await office.persons("2017-01-01") == {}


async def test_two_ids_that_agree_are_one_placement(office: Office) -> None:
    """An end told under one id ends the other; one id annulled as a duplicate ends neither."""
    await office.told(started(), started(TWIN))
    await office.told(annulled("duplicate", placement=TWIN))
    assert await office.persons("2017-01-01") == {"ordinary": 1}
    await office.told(ended(placement=TWIN))
    assert await office.persons("2017-01-01") == {}
    assert await office.persons("2016-12-31") == {"ordinary": 1}


async def test_both_ids_annulled_as_duplicates_leave_nothing(office: Office) -> None:
    await office.told(started(), started(TWIN))
    await office.told(annulled("duplicate", placement=TWIN), annulled("duplicate"))
    assert await office.persons("2016-08-01") == {}


async def test_two_ids_with_different_starts_are_two_placements(office: Office) -> None:
    await office.told(started(), started(TWIN, started_on=day("2016-09-01")))
    await office.told(ended("2016-09-30"))
    assert await office.persons("2016-10-01") == {"ordinary": 1}
    await office.told(about(PlacementCorrected, placement=TWIN, started_on=day("2016-08-01")))
    assert await office.persons("2016-10-01") == {}


async def test_before_it_was_known_the_figures_were_others(office: Office) -> None:
    await office.told(started(), on="2016-08-05")
    await office.told(ended("2016-08-31"), on="2016-10-05")
    assert await office.persons("2016-09-15", known_on="2016-08-04") == {}
    assert await office.persons("2016-09-15", known_on="2016-10-04") == {"ordinary": 1}
    assert await office.persons("2016-09-15", known_on="2016-10-05") == {}


async def test_persons_at_members_are_counted_by_who_was_a_member_that_day(
    office: Office,
) -> None:
    await office.told(joined(on="2016-09-01"))
    await office.told(CompanyLeft(cvr=COMPANY, left_on=day("2016-11-01")))
    await office.told(started(), started("0101/2", number=2, employer=OTHER_COMPANY))
    for text, at_members in (("2016-08-31", 0), ("2016-09-01", 1), ("2016-11-01", 0)):
        assert (await office.on(text)).persons == {"ordinary": Persons(2, at_members)}, text


async def test_a_member_on_one_of_two_days_is_a_member_on_that_day_only(office: Office) -> None:
    await office.told(joined(on="2016-09-01"), started())
    figures = await office.figures("2016-08-31", "2016-09-01")
    assert figures.before.persons == {"ordinary": Persons(1, 0)}
    assert figures.after.persons == {"ordinary": Persons(1, 1)}


async def test_who_began_in_the_period_counts_once_on_both_its_ends(office: Office) -> None:
    await office.told(
        started("0101/1", 1, started_on=day("2016-07-31")),
        started("0101/2", 2, started_on=day("2016-08-01")),
        started("0101/3", 3, started_on=day("2016-08-31")),
        started("0101/4", 3, started_on=day("2016-08-15"), employer=OTHER_COMPANY),
        started("0101/5", 4, started_on=day("2016-09-01")),
        started("0101/6", 5, started_on=day("2016-08-15")),
        annulled(placement="0101/6"),
    )
    assert (await office.figures("2016-08-01", "2016-08-31")).started == {"ordinary": 2}

"""Signs for a caseworker that block no payment; annulled placements don't count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import combinations

from services.bonus.domain.placements import Placement
from services.bonus.domain.situations import Picture
from services.bonus.domain.spells import IGU, ORDINARY, SCHEMES, Spell


class Flag(StrEnum):
    """Something worth a look."""

    OVERLAPPING_EMPLOYERS = "OVERLAPPING_EMPLOYERS"
    OVERLAPPING_SCHEMES = "OVERLAPPING_SCHEMES"
    CONTRACT_BEFORE_WINDOW_END = "REVIEW_CONTRACT_BEFORE_WINDOW_END"
    SECOND_IGU_AGREEMENT = "REVIEW_SECOND_IGU_AGREEMENT"
    IGU_GAP_OVER_3_MONTHS = "REVIEW_IGU_GAP_OVER_3_MONTHS"
    LATE_IGU_REGISTRATION = "LATE_IGU_REGISTRATION"


def flags_of(picture: Picture) -> tuple[str, ...]:
    """List the flags raised, sorted, each once."""
    standing = [
        each for each in picture.placements if each.annulled_by is None and each.kind in SCHEMES
    ]
    courses = [
        spell
        for spell in picture.spells
        if spell.scheme == IGU and spell.placements[0].annulled_by is None
    ]
    raised = {
        Flag.OVERLAPPING_EMPLOYERS: _some_overlap(standing, _differ_in_employer),
        Flag.OVERLAPPING_SCHEMES: _some_overlap(standing, _differ_in_scheme_only),
        Flag.CONTRACT_BEFORE_WINDOW_END: _contract_before_window_end(standing, picture),
        Flag.SECOND_IGU_AGREEMENT: len(courses) > 1,
        Flag.IGU_GAP_OVER_3_MONTHS: _gap_too_long(courses, picture),
        Flag.LATE_IGU_REGISTRATION: _registered_late(standing, picture),
    }
    return tuple(sorted(flag.value for flag, is_raised in raised.items() if is_raised))


def _some_overlap(
    placements: Sequence[Placement], concerns: Callable[[Placement, Placement], bool]
) -> bool:
    return any(
        concerns(one, other) and one.shares_a_day_with(other)
        for one, other in combinations(placements, 2)
    )


def _differ_in_employer(one: Placement, other: Placement) -> bool:
    return one.employer != other.employer


def _differ_in_scheme_only(one: Placement, other: Placement) -> bool:
    return one.employer == other.employer and one.kind != other.kind


def _contract_before_window_end(placements: Sequence[Placement], picture: Picture) -> bool:
    def concerns(placement: Placement) -> bool:
        last_hire = picture.rules.ordinary.last_hire.on(placement.started_on)
        signed_on = placement.contract_signed_on
        return (
            placement.kind == ORDINARY
            and placement.started_on > last_hire
            and signed_on is not None
            and signed_on <= last_hire
        )

    return any(concerns(placement) for placement in placements)


def _gap_too_long(courses: Sequence[Spell], picture: Picture) -> bool:
    return any(
        not picture.rules.igu.gap_limit.on(course.start).holds(gap.first_day, gap.next_start)
        for course in courses
        for gap in course.gaps()
    )


def _registered_late(placements: Sequence[Placement], picture: Picture) -> bool:
    def concerns(placement: Placement) -> bool:
        limit = picture.rules.igu.registration_limit.on(placement.started_on)
        agreed_on = placement.contract_signed_on or placement.started_on
        return placement.kind == IGU and not limit.holds(agreed_on, placement.first_recorded_on)

    return any(concerns(placement) for placement in placements)

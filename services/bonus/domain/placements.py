"""What was told under several ids may be one placement; its start, end and annulment as known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.bonus.domain.days import day_before
from services.bonus.domain.facts import (
    AboutPlacement,
    PlacementAnnulled,
    PlacementCorrected,
    PlacementEnded,
    PlacementReinstated,
    PlacementStarted,
)
from services.bonus.domain.grouping import groups_of
from services.bonus.domain.history import History

NEVER_SHOWED_UP = "never_showed_up"
DUPLICATE = "duplicate"


@dataclass(slots=True, eq=False)
class Placement:
    """One person's time at one employer in one form, whatever ids it was told under."""

    ids: tuple[str, ...]
    """Sorted."""
    employer: str
    kind: str
    started_on: date
    end: PlacementEnded | None
    """The end that counts; None while it runs."""
    annulled_by: PlacementAnnulled | PlacementEnded | None
    contract_signed_on: date | None
    continues: str | None
    started_by: tuple[PlacementStarted | PlacementCorrected, ...]
    """The facts that the start comes from."""
    first_recorded_on: date
    last_day: date
    """The last day, inclusive; of a running placement the calendar's last."""

    @property
    def ended_by(self) -> tuple[PlacementEnded, ...]:
        """The fact of the end, if it has one."""
        return () if self.end is None else (self.end,)

    def shares_a_day_with(self, other: Placement) -> bool:
        """Whether both run on some day; one whose last day precedes its start runs on none."""
        first = max(self.started_on, other.started_on)
        return first <= min(self.last_day, other.last_day)

    def adjoins(self, later: Placement) -> bool:
        """Whether a later one starts at most one day after this one's last day."""
        return day_before(later.started_on) <= self.last_day


def placements_of(history: History) -> tuple[Placement, ...]:
    """Build every placement whose start is known, in order."""
    reports: dict[str, list[PlacementStarted]] = {}
    for report in history.of(PlacementStarted):
        reports.setdefault(report.placement, []).append(report)
    ids = sorted(reports)
    first_with: dict[tuple[str, str, date], int] = {}
    joined = []
    for number, each in enumerate(ids):
        for key in _identities(reports[each], history.about((each,), PlacementCorrected)):
            first = first_with.setdefault(key, number)
            if first != number:
                joined.append((first, number))
    groups = groups_of(len(ids), joined)
    placements = [_placement(tuple([ids[n] for n in group]), history) for group in groups]
    return tuple(sorted(placements, key=_order))


def _order(placement: Placement) -> tuple[date, date, bool, str]:
    """Placements come by start, then last day (none known is last), then smallest id."""
    return placement.started_on, placement.last_day, placement.end is None, placement.ids[0]


def _identities(
    reports: Sequence[PlacementStarted], corrections: Sequence[PlacementCorrected]
) -> set[tuple[str, str, date]]:
    """Every employer, kind and start ever told of an id: ids that share one are one placement.

    A correction counts with every employer and kind ever reported for its id.
    """
    reported = {(report.employer, report.kind, report.started_on) for report in reports}
    if not corrections:
        return reported
    return reported | {
        (employer, kind, correction.started_on)
        for employer, kind, _ in reported
        for correction in corrections
    }


def _placement(ids: tuple[str, ...], history: History) -> Placement:
    reports = history.about(ids, PlacementStarted)
    report = reports[-1]
    corrections = history.about(ids, PlacementCorrected)
    ends = history.about(ids, PlacementEnded)
    end = ends[-1] if ends else None
    contracts = [r.contract_signed_on for r in reports if r.contract_signed_on is not None]
    continued = [r.continues for r in reports if r.continues is not None]
    known_end = end if isinstance(end, PlacementEnded) else None
    return Placement(
        ids=ids,
        employer=report.employer,
        kind=report.kind,
        started_on=corrections[-1].started_on if corrections else report.started_on,
        end=known_end,
        annulled_by=_annulment(ids, known_end, history),
        contract_signed_on=contracts[-1] if contracts else None,
        continues=continued[-1] if continued else None,
        started_by=(report, *corrections[-1:]),
        first_recorded_on=reports[0].recorded_on,
        last_day=date.max if known_end is None else known_end.last_day,
    )


def _annulment(
    ids: tuple[str, ...], end: PlacementEnded | None, history: History
) -> PlacementAnnulled | PlacementEnded | None:
    """Find the fact that annuls the placement, if one stands."""
    if end is not None and end.reason == NEVER_SHOWED_UP:
        return end
    told = history.about(ids, PlacementAnnulled)
    if not told:
        return None
    annulment = _last_annulment(told, duplicate=False)
    if annulment is not None:
        return annulment
    duplicates = [
        _last_annulment([fact for fact in told if fact.placement == each], duplicate=True)
        for each in ids
    ]
    return duplicates[-1] if all(duplicates) else None


def _last_annulment(told: Iterable[AboutPlacement], *, duplicate: bool) -> PlacementAnnulled | None:
    """Find the annulment, as a duplicate or for another reason, that no reinstatement undid."""
    standing: PlacementAnnulled | None = None
    for fact in told:
        if isinstance(fact, PlacementReinstated):
            standing = None
        elif isinstance(fact, PlacementAnnulled) and (fact.reason == DUPLICATE) == duplicate:
            standing = fact
    return standing

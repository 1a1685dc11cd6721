"""What was assessed before: every kept assessment of a case, and each repeated as it was made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.bonus.assess import as_object
from services.bonus.domain.differences import Line, LineKey, line_object, lines_in
from services.bonus.domain.disclosure import as_told_to_employer, facts_of_case
from services.bonus.domain.facts import Fact
from services.bonus.domain.lateness import Late, Look, late_facts
from services.bonus.domain.rules import Rules
from services.bonus.handlers.assessing import assess_known, employers_in, fact_of
from services.bonus.rules.documents import InvalidRuleError
from services.bonus.rules.editions import Edition, own_edition, rules_of
from services.bonus.store import assessments, facts
from services.bonus.store.assessments import StoredAssessment
from services.bonus.store.cases import BonusCase
from services.bonus.store.facts import StoredFact
from shared.messaging.work import Work
from shared.values.dates import day_in_copenhagen


@dataclass(frozen=True, slots=True)
class Recalled:
    """The kept assessments of a case's person, with every fact any of them knew."""

    case: BonusCase
    made: Sequence[StoredAssessment]
    told: Mapping[str, StoredFact]
    known: Mapping[str, Fact]
    """The same facts, as the rules read them."""
    own: frozenset[str]
    """Ids of the facts that bear on this case."""

    def lines(self, made: StoredAssessment) -> dict[LineKey, Line]:
        """What the assessment gave for this case."""
        at = (self.case.employer, self.case.scheme)
        return {key: line for key, line in made.lines.items() if (key.employer, key.scheme) == at}


async def recall(work: Work, case: BonusCase) -> Recalled:
    """Everything kept of the case's person."""
    made = await assessments.list_assessments(work.connection, case.person)
    ids = {each for one in made for each in one.facts}
    told = await facts.list_facts_by_id(work.connection, ids)
    known = {each: fact_of(stored) for each, stored in told.items()}
    return Recalled(case, made, told, known, facts_of_case(known, case.employer))


async def list_kept(work: Work, case: BonusCase) -> list[dict[str, object]]:
    """The assessments that knew something new of the case, or gave it something else; the oldest
    first. What happened to the person elsewhere is not told.
    """
    found = await recall(work, case)
    late = _late_by_place(found)
    kept: list[dict[str, object]] = []
    known: set[str] = set()
    lines: dict[LineKey, Line] = {}
    for place, made in enumerate(found.made):
        knew, gave = found.own.intersection(made.facts), found.lines(made)
        if knew - known or gave != lines:
            heading = _heading(made, knew)
            kept.append({**heading, "late": late[place], "instalments": _lines(gave)})
        known |= knew
        lines = gave
    return kept


async def repeat(
    work: Work, case: BonusCase, assessment_id: str, *, for_employer: bool
) -> dict[str, object] | None:
    """The kept assessment of that id made once more, of the facts it knew and by its own rules,
    with its explanation, and whether it gives what it gave then; None if the case has none.
    """
    found = await recall(work, case)
    place = next((n for n, m in enumerate(found.made) if m.assessment_id == assessment_id), None)
    if place is None:
        return None
    made = found.made[place]
    edition, rules = await _rules_of(work, made.edition)
    known = [found.known[each] for each in made.facts]
    again = assess_known(known, as_of=made.as_of, rules=rules)
    own = again.of_case(case.employer, case.scheme)
    told = as_told_to_employer(own, case.employer) if for_employer else own
    return {
        **_heading(made, found.own.intersection(made.facts)),
        "late": _late_by_place(found)[place],
        "instalments": as_object(told, explained=True, rules=rules)["instalments"],
        "repayment_claims": as_object(told)["repayment_claims"],
        "repeated_by_rules": edition.name,
        "stored": _lines(found.lines(made)),
        "gives_what_was_stored": lines_in(again) == made.lines,
    }


async def list_late(work: Work, case: BonusCase) -> list[dict[str, object]]:
    """The facts bearing on the case that came late, in the order in which they became known."""
    late = _late_by_place(await recall(work, case))
    return [each for place in sorted(late) for each in late[place]]


async def _rules_of(work: Work, name: str) -> tuple[Edition, Rules]:
    """The edition of that name; today's where its form can't be read any more."""
    if name != own_edition().name:
        kept = await assessments.find_edition(work.connection, name)
        if kept is not None:
            try:
                return kept, rules_of(kept)
            except InvalidRuleError:
                pass  # the answer names the edition it was repeated by
    return own_edition(), rules_of(own_edition())


def _late_by_place(found: Recalled) -> dict[int, list[dict[str, object]]]:
    looks = [
        Look(each.assessed_at, each.facts, employers_in(found.known[fact] for fact in each.facts))
        for each in found.made
    ]
    late: dict[int, list[dict[str, object]]] = defaultdict(list)
    for place, each in late_facts(looks, found.told):
        if each.fact_id in found.own:
            late[place].append(_late(each, found.told[each.fact_id]))
    return late


def _late(late: Late, told: StoredFact) -> dict[str, object]:
    return {
        "fact": told.name,
        "recorded_on": day_in_copenhagen(late.recorded_at),
        "recorded_at": late.recorded_at,
        "known_on": day_in_copenhagen(late.known_at),
        "known_at": late.known_at,
    }


def _heading(made: StoredAssessment, knew: Iterable[str]) -> dict[str, object]:
    return {
        "assessment": made.assessment_id,
        "assessed_at": made.assessed_at,
        "as_of": made.as_of,
        "rules": made.edition,
        "facts": len(list(knew)),
    }


def _lines(lines: Mapping[LineKey, Line]) -> list[dict[str, object]]:
    return [{"milestone": key.milestone, **line_object(line)} for key, line in lines.items()]

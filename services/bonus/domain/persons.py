"""The person as now known: each field from the fact that counts for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from services.bonus.domain.facts import PersonCorrected, PersonRegistered
from services.bonus.domain.history import History

PersonFact = PersonRegistered | PersonCorrected


@dataclass(slots=True, eq=False)
class Person:
    """What is known of the person; None is not known."""

    category: str | None
    permit_granted_on: date | None
    born_on: date | None
    resident_since: date | None
    told_by: tuple[tuple[str, PersonFact], ...]
    """By field, the fact its value comes from."""

    def facts_for(self, *fields: str) -> tuple[PersonFact, ...]:
        """The facts that the fields come from, each once."""
        return tuple(dict.fromkeys(fact for name, fact in self.told_by if name in fields))


def person_of(history: History) -> Person:
    """Take each field from the last correction that carries it, else the last registration."""
    facts: list[PersonFact] = [*history.of(PersonRegistered), *history.of(PersonCorrected)]
    told_by: dict[str, PersonFact] = {}
    for fact in facts:
        for name in ("category", "permit_granted_on", "born_on", "resident_since"):
            if getattr(fact, name) is not None:
                told_by[name] = fact

    def day(name: str) -> date | None:
        return getattr(told_by.get(name), name, None)

    return Person(
        category=getattr(told_by.get("category"), "category", None),
        permit_granted_on=day("permit_granted_on"),
        born_on=day("born_on"),
        resident_since=day("resident_since"),
        told_by=tuple(told_by.items()),
    )

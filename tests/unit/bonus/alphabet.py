"""A dozen facts about one job that is known already; told in different orders, some compete."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

from services.bonus.domain.facts import Fact
from tests.unit.bonus.stories import (
    applied,
    confirmed,
    decided,
    ended,
    paid,
    person,
    sector,
    started,
    tell,
)

KNOWN: Final = (person("2016-03-10"), sector(), started("2016-09-01"))

ALPHABET: Final[tuple[Fact, ...]] = (
    confirmed("2016-09-01", "2017-08-31", "1600"),
    confirmed("2017-01-01", "2017-08-31", "100"),
    applied("M6"),
    applied("M12"),
    paid(20000),
    ended("2017-04-30"),
    tell("PlacementEndRetracted", placement="L1"),
    tell("PlacementAnnulled", placement="L1", reason="mistake"),
    tell("PlacementReinstated", placement="L1"),
    tell("PlacementCorrected", placement="L1", started_on="2017-04-01"),
    sector(of="odd"),
    decided("SECTOR_UNKNOWN", "refused"),
)

COMPETING: Final = ((0, 1), (5, 6), (7, 8))
"""The letters of the facts about the same thing: of these the one told last counts."""


def known_before(day: date) -> list[Fact]:
    """The facts known before any of the alphabet is told."""
    return [replace(fact, recorded_on=day) for fact in KNOWN]


def told_on(day: date, letter: int) -> Fact:
    """One fact of the alphabet, as told on a day."""
    return replace(ALPHABET[letter], recorded_on=day)

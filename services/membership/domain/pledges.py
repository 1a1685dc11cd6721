"""A pledge of places is a promise, not a placement; an employer's sector holds from a day on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Pledge:
    """Places a company makes available, from and to days both included; no last day = standing."""

    pledge: str
    cvr: str
    places: int
    kind: str
    first_day: date
    last_day: date | None
    municipality: str | None
    pledged_on: date


@dataclass(frozen=True, slots=True)
class SectorReport:
    """What is known of an employer from `effective_from` on; the share is a decimal percentage."""

    employer: str
    effective_from: date
    sector: str
    public_funding_percent: str | None

"""An employer is public, private or of unknown sector on a given day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from typing import Final

from services.bonus.domain.facts import EmployerSectorReported
from services.bonus.domain.history import History
from services.bonus.domain.rules import Parameter


class Standing(Enum):
    """Whether an employer is public."""

    PUBLIC = "public"
    PRIVATE = "private"
    UNKNOWN = "of unknown sector"


PUBLIC: Final = Standing.PUBLIC
PRIVATE: Final = Standing.PRIVATE
UNKNOWN: Final = Standing.UNKNOWN


@dataclass(slots=True, eq=False)
class Sector:
    """An employer's standing on a day and the report it comes from, if any is valid."""

    standing: Standing
    report: EmployerSectorReported | None

    @property
    def is_known(self) -> bool:
        """Whether it is public or private."""
        return self.standing is not UNKNOWN


def sector_on(
    day: date, employer: str, history: History, public_share_from: Parameter[Fraction]
) -> Sector:
    """Find the report with the latest `effective_from` on or before the day, and read it."""
    valid: EmployerSectorReported | None = None
    for report in history.of(EmployerSectorReported):
        if report.employer != employer or report.effective_from > day:
            continue
        if valid is None or report.effective_from >= valid.effective_from:
            valid = report
    if valid is None:
        return Sector(UNKNOWN, None)
    return Sector(_standing(valid, public_share_from.on(day)), valid)


def _standing(report: EmployerSectorReported, public_share_from: Fraction) -> Standing:
    percent = report.public_funding_percent
    match report.sector:
        case "public_authority":
            return PUBLIC
        case "private" | "institution" if percent is not None:
            return PUBLIC if percent >= public_share_from else PRIVATE
        case "private":
            return PRIVATE
        case _:
            return UNKNOWN

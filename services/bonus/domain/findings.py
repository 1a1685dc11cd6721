"""What a test finds: the verdict at once; what was compared is written when somebody asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from services.bonus.domain.assessment import Verdict
from services.bonus.domain.facts import Fact

# By these names a verdict is at hand at once: finding it in its class takes ten times as long, and
# every test of every milestone asks.
PASSED: Final = Verdict.PASSED
FAILED: Final = Verdict.FAILED
UNKNOWN: Final = Verdict.UNKNOWN
NOT_YET: Final = Verdict.NOT_YET
RAISED: Final = Verdict.RAISED
ACCEPTED: Final = Verdict.ACCEPTED
MISSING: Final = Verdict.MISSING

Comparison = tuple[str, Iterable[Fact]]
"""What was compared, in English, and the facts whose values they were."""

Finding = tuple[Verdict, Callable[[], Comparison]]
"""The words come from the very values the verdict came from, and cost nothing until read."""


def always(result: Verdict, words: str) -> Finding:
    """A finding that is put in the same words whatever was compared, and rests on no fact."""
    comparison: Comparison = (words, ())
    return result, lambda: comparison

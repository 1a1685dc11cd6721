"""Shadow mode: what was assessed is assessed again by other rules, to see what they would change.

Nothing is posted, ordered or told by it. It reads what the live path has kept, in transactions of
its own, so that neither a wrong rule nor a fault of the engine under it can hold anybody up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from services.bonus.domain.differences import lines_in
from services.bonus.domain.rules import Rules
from services.bonus.handlers.assessing import assess_known, fact_of
from services.bonus.rules.documents import InvalidRuleError
from services.bonus.rules.editions import edition_in, rules_of
from services.bonus.store import facts, shadow
from services.bonus.store.facts import StoredFact
from services.bonus.store.shadow import Assessed, Counted, ShadowDifference
from shared.messaging.work import Work
from shared.observability.logs import Log
from shared.runtime.service import ServiceContext

LOG = Log(__name__)

CHUNK_POSITIONS: Final = 100
CHUNKS_MAX: Final = 200
"""In one look: other timers wait for it."""
SETTLING_LOOKS_MAX: Final = 50
SETTLING_SECONDS: Final = 0.1


async def look_by_shadow_rules(context: ServiceContext) -> None:
    """Assess again what was assessed since the last look, if there are rules to do it by."""
    folder = context.settings.shadow_rules
    if folder is None:
        return
    try:
        edition = edition_in(folder)
        rules = rules_of(edition)
    except InvalidRuleError as error:
        context.metrics.shadow_assessments(outcome="unreadable").inc()
        LOG.warning("shadow_rules_unreadable", detail=str(error))
        return
    end = await _settled_end(context)
    if end is not None:
        for _ in range(CHUNKS_MAX):
            if await _do_chunk(context, rules, edition.name, end) >= end:
                break


async def _do_chunk(context: ServiceContext, rules: Rules, edition: str, end: int) -> int:
    """Look at the next assessments; the position up to which all are done then."""
    async with context.begin() as work:
        begun = await shadow.lock_look(work.connection, edition, end=end, now=work.now)
        done = max(begun, min(end, begun + CHUNK_POSITIONS))
        counted = await _look(work, rules, edition, after=begun, upto=done)
        await shadow.save_look(
            work.connection, edition, done_upto=done, counted=counted, now=work.now
        )
    same = counted.assessments - counted.differing - counted.failed
    context.metrics.shadow_assessments(outcome="same").inc(same)
    context.metrics.shadow_assessments(outcome="different").inc(counted.differing)
    context.metrics.shadow_assessments(outcome="failed").inc(counted.failed)
    return done


async def _settled_end(context: ServiceContext) -> int | None:
    """A position up to which all assessments can be seen; None if that takes too long just now.

    Positions are given before the transaction commits: a smaller one may still be on its way.
    """
    async with context.begin() as work:
        end, before = await shadow.find_end(work.connection)
    for _ in range(SETTLING_LOOKS_MAX):
        async with context.begin() as work:
            if await shadow.is_settled(work.connection, before):
                return end
        await asyncio.sleep(SETTLING_SECONDS)
    return None


async def _look(work: Work, rules: Rules, edition: str, *, after: int, upto: int) -> Counted:
    """Make the assessments at these positions again, and keep how they differ."""
    assessed = await shadow.list_assessed(work.connection, after=after, upto=upto)
    ids = {each for one in assessed for each in one.facts}
    told = await facts.list_facts_by_id(work.connection, ids)
    latest: dict[str, Sequence[ShadowDifference]] = {}
    differing = failed = 0
    for each in assessed:
        try:
            found = _differences(each, told, rules)
        except Exception as error:  # noqa: BLE001 # whatever other rules lead to is theirs alone
            failed += 1
            LOG.error("shadow_assessment_failed", error=error, assessment=each.assessment_id)
            continue
        differing += bool(found)
        latest[each.person] = found
    await shadow.replace_differences(
        work.connection,
        edition,
        latest,
        [each for found in latest.values() for each in found],
        now=work.now,
    )
    return Counted(len(assessed), differing, failed)


def _differences(
    live: Assessed, told: Mapping[str, StoredFact], rules: Rules
) -> Sequence[ShadowDifference]:
    known = [fact_of(told[each]) for each in live.facts]
    again = assess_known(known, as_of=live.as_of, rules=rules)
    lines = lines_in(again)
    return [
        ShadowDifference(live.person, key, live.assessment_id, live.lines.get(key), lines.get(key))
        for key in sorted(lines.keys() | live.lines.keys())
        if lines.get(key) != live.lines.get(key)
    ]


async def report(work: Work, *, with_persons: bool) -> dict[str, object]:
    """What the rules last looked by would change, as far as it was seen; persons if wanted."""
    last = await shadow.find_last_look(work.connection)
    if last is None:
        return {"rules": None, "differences": []}
    found = await shadow.list_differences(work.connection, last["edition"])
    hidden = set() if with_persons else {"person"}
    return {
        "rules": last.pop("edition"),
        **last,
        "differences": [
            {
                "assessment" if name == "assessment_id" else name: value
                for name, value in each.items()
                if name not in hidden
            }
            for each in found
        ],
    }

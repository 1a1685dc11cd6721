"""`sammen ledger`: proof that what was posted stands as it was posted."""

from __future__ import annotations

import sys
from typing import Final

import typer

from services.commands.recompute import Anew, Processes
from services.commands.saying import say_all

DIFFERS: Final = 3
"""What was looked at is not as it should be; 1 means that it could not be looked at."""

app = typer.Typer(no_args_is_help=True, help="The bonus ledger.")


@app.callback()
def ledger() -> None:
    """The bonus ledger."""


@app.command("replay")
def replay(
    *,
    processes: Processes = 2,
    anew: Anew = False,
) -> None:
    """Assess all stored facts from nothing; status 3 when anybody's instalments, orders, claims or
    balances are others than stored. Cut off, it goes on when repeated.
    """
    from services.commands.rounds import run_round

    outcome = run_round("replay", processes=processes, anew=anew)
    done = outcome.progress
    agree = "all agree" if not done.found else f"{done.found:,} of them differ"
    say_all(
        [f"{done.persons:,} persons replayed in {outcome.seconds:,.0f} s: {agree}."], nothing=""
    )
    sys.exit(DIFFERS if done.found else 0)


@app.command("verify")
def verify() -> None:
    """Compute the chain over all entries anew; status 3 when it does not hold."""
    from services.bonus.handlers.proving import Verdict, verify_chain
    from services.bonus.service import SERVICE
    from services.commands.messages import with_database
    from shared.database import Database
    from shared.messaging.work import begin_work
    from shared.runtime.clock import SystemClock

    async def look(database: Database) -> Verdict:
        async with begin_work(database, SystemClock(), service=SERVICE.name) as work:
            return await verify_chain(work)

    verdict = with_database(SERVICE, look)
    lines = []
    if verdict.broken_at is not None:
        lines.append(f"The chain breaks at link {verdict.broken_at}: that entry was changed.")
    elif verdict.unlinked:
        lines.append(f"{verdict.unlinked} entries should have been sealed and are not.")
    else:
        lines.append(f"The chain of {verdict.links} entries holds.")
    say_all([*lines, f"head {verdict.head}"], nothing="")
    sys.exit(0 if verdict.holds else DIFFERS)

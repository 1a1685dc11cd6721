"""`sammen recompute`: every stored person assessed anew, after a change of rules or code."""

from __future__ import annotations

from typing import Annotated

import typer

from services.commands.saying import say_all

Processes = Annotated[int, typer.Option(min=1, max=16, help="How many work at it at once.")]
Anew = Annotated[bool, typer.Option("--anew", help="Begin again, even if one was cut off.")]


def recompute(*, processes: Processes = 2, anew: Anew = False) -> None:
    """Assess every stored person anew, and post what differs; cut off, it goes on when repeated."""
    from services.commands.rounds import run_round

    outcome = run_round("recompute", processes=processes, anew=anew)
    done = outcome.progress
    say_all(
        [
            f"{done.persons:,} persons assessed anew in {outcome.seconds:,.0f} s;"
            f" for {done.found:,} something changed."
        ],
        nothing="",
    )

"""`sammen rules`: the rules in force written out, and other rules held against them."""

from __future__ import annotations

import json
import sys
import time
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.commands.saying import say_all

if TYPE_CHECKING:
    from services.bonus.handlers.comparing import Comparison, Pair
    from shared.database import Database

app = typer.Typer(no_args_is_help=True, help="The law's parameters, as dated data.")

PROGRESS_SECONDS: Final = 2.0
LISTED_MAX: Final = 1_000

Folder = Annotated[Path, typer.Argument(metavar="FOLDER")]


@app.command("export")
def export(folder: Folder) -> None:
    """Write the rules in force to a new folder, to be changed and compared."""
    from services.bonus.rules.folders import export_rules

    try:
        written = export_rules(folder)
    except OSError as error:
        raise typer.BadParameter(str(error), param_hint="FOLDER") from error
    say_all([str(file) for file in written], nothing="")


@app.command("compare")
def compare(
    other_rules: Annotated[Path, typer.Argument(metavar="OTHER_RULES", help="A folder of YAML.")],
    *,
    case_file: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Cases instead of everybody stored; - for stdin."),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day everybody stored is seen on; today."),
    ] = None,
    listed: Annotated[
        int, typer.Option("--list", min=0, help="So many instalments are listed at most.")
    ] = LISTED_MAX,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
) -> None:
    """Say what other rules would change for everybody stored; nothing is stored.

    Needs bonus's database (or FILE), and progress goes to stderr.
    """
    from services.bonus.handlers.comparing import Comparison, Pair
    from services.bonus.rules import load_rules
    from services.bonus.rules.folders import differing_parameters, read_rules
    from services.commands.comparing import comparison_lines

    if case_file is not None and as_of is not None:
        raise typer.BadParameter("cases have a day of their own", param_hint="--as-of")
    pair = Pair(load_rules(), read_rules(other_rules))
    comparison = Comparison(listed_max=listed)
    seen_on: date | None = None
    if case_file is not None:
        _over_cases(case_file, pair, comparison)
    else:
        seen_on = _over_stored(pair, comparison, as_of.date() if as_of else None)
    parameters = differing_parameters(pair.own, pair.other)
    told = {
        "as_of": seen_on and seen_on.isoformat(),
        "parameters": parameters,
        **comparison.as_object(),
    }
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        say_all(comparison_lines(comparison, parameters, seen_on), nothing="")


def _over_cases(file: str, pair: Pair, comparison: Comparison) -> None:
    from services.bonus.assess.cases import read_cases
    from services.bonus.handlers.comparing import compare_cases

    cases = read_cases(file)
    compare_cases(cases if isinstance(cases, list) else [cases], pair, comparison)


def _over_stored(pair: Pair, comparison: Comparison, as_of: date | None) -> date:
    from services.bonus.handlers.comparing import compare_stored
    from services.bonus.service import SERVICE
    from services.commands.messages import with_database
    from shared.messaging.work import begin_work
    from shared.runtime.clock import SystemClock

    async def look(database: Database) -> date:
        async with begin_work(database, SystemClock(), service=SERVICE.name) as work:
            return await compare_stored(
                work, pair, comparison, as_of=as_of, progress=Progress().tell
            )

    return with_database(SERVICE, look)


class Progress:
    """Says on standard error how far the work is, every few seconds and at the end."""

    def __init__(self) -> None:
        self._began = self._told = time.monotonic()

    def tell(self, done: int, of_all: int) -> None:
        """So many persons of all are done."""
        now = time.monotonic()
        if done < of_all and now - self._told < PROGRESS_SECONDS:
            return
        self._told = now
        a_second = done / max(now - self._began, 0.001)
        sys.stderr.write(f"{done:,} of {of_all:,} persons, {a_second:,.0f} a second\n")
        sys.stderr.flush()

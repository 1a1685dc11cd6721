"""The command line, and every service in one process: the only module that knows them all.

A command imports what it needs when it runs, so that `sammen assess` doesn't wait for a database's
parts. What they do stands in `services/commands`.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, cast

import typer

from services.commands import contracts, ledger, recompute, rules
from services.commands.saying import say_all

if TYPE_CHECKING:
    from shared.runtime.service import Service
    from shared.web.identity import Role

SERVICE_NAMES: Final = ("membership", "placements", "bonus", "notifications", "evaluation")
"""Every service there is, in the order in which they start."""

MINUTES_MAX: Final = 366 * 24 * 60
"""A year: a token for longer is a password."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sammen: from a placement to a bonus.",
)
topics = typer.Typer(no_args_is_help=True, help="The bus's topics.")
letters = typer.Typer(no_args_is_help=True, help="Messages that could not be decided.")
app.add_typer(topics, name="topics")
app.add_typer(contracts.app, name="contracts")
app.add_typer(letters, name="dead-letters")
app.add_typer(ledger.app, name="ledger")
app.add_typer(rules.app, name="rules")
app.command()(recompute.recompute)

ServiceName = Annotated[str, typer.Argument(metavar="SERVICE", help=" | ".join(SERVICE_NAMES))]
LetterState = Literal["dead", "parked", "unknown_type", "replayed", "discarded"]
Copies = Annotated[
    int | None,
    typer.Option(min=1, help="Of each partition on Kafka, at most: for too few brokers."),
]
LetterId = Annotated[int, typer.Argument(metavar="ID", help="As `dead-letters list` shows it.")]


def all_services() -> tuple[Service, ...]:
    """Every service's declaration."""
    return tuple(_service(name) for name in SERVICE_NAMES)


def _service(name: str) -> Service:
    if name not in SERVICE_NAMES:
        raise typer.BadParameter(f"{name!r} is no service; there are {', '.join(SERVICE_NAMES)}")
    module = importlib.import_module(f"services.{name}.service")
    return cast("Service", module.SERVICE)


@app.command()
def up() -> None:
    """Run the embedded system, as it was left, until stopped."""
    from services.commands import running

    sys.exit(running.up(all_services()))


@app.command()
def demo(
    *,
    exit_after: Annotated[bool, typer.Option("--exit", help="End after the summary.")] = False,
) -> None:
    """Run the whole system on sample data, July 2016 to June 2018."""
    from services.demo.run import run_demo

    sys.exit(run_demo(all_services(), exit_after=exit_after))


@app.command()
def run(service: ServiceName) -> None:
    """Run one service with real settings, until stopped."""
    from shared.runtime.alone import run_alone

    run_alone(_service(service))


@app.command()
def migrate() -> None:
    """Bring the database up to date: schemas, roles, tables."""
    from services.commands import database

    say_all(database.migrate(all_services()), nothing="The database is up to date.")


@topics.command("create")
def create_topics(copies: Copies = None) -> None:
    """Create the topics that are missing, and set who may use each."""
    from services.commands import database

    say_all(database.topics_create(copies_max=copies), nothing="Every topic is there.")


@topics.command("check")
def check_topics(copies: Copies = None) -> None:
    """Say what differs from deploy/kafka/topics.yaml."""
    from services.commands import database

    wrong = database.topics_check(copies_max=copies)
    say_all(wrong, nothing="Every topic is as declared.")
    sys.exit(bool(wrong))


@app.command()
def assess(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Cases as JSON; - for stdin.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")] = False,
    explain: Annotated[bool, typer.Option(help="With --json: each instalment with why.")] = False,
    language: Annotated[
        Literal["en", "da"], typer.Option(help="Of the explanation for people, without --json.")
    ] = "en",
    other_rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="FOLDER", help="Other rules than the system's own."),
    ] = None,
) -> None:
    """Assess bonus cases with the pure engine: no database, no settings."""
    from services.bonus.assess import Style
    from services.bonus.assess import run as assess_file

    style = Style(as_json=as_json, explained=explain, language=language)
    sys.exit(
        assess_file(file, style, stdout=sys.stdout, stderr=sys.stderr, rules_folder=other_rules)
    )


@app.command()
def token(
    role: Annotated[str, typer.Option(help="Whom the token is for.")],
    municipality: Annotated[str | None, typer.Option(help="Code of a municipality.")] = None,
    cvr: Annotated[str | None, typer.Option(help="CVR number of a company.")] = None,
    subject: Annotated[str | None, typer.Option(help="Who exactly; made up if left out.")] = None,
    minutes: Annotated[
        int, typer.Option(min=1, max=MINUTES_MAX, help="How long it is good for.")
    ] = 60,
) -> None:
    """Print a token of the development issuer of `sammen up`."""
    from services.commands import running

    made = running.token(
        cast("Role", role),
        municipality=municipality,
        cvr=cvr,
        subject=subject,
        lifetime=timedelta(minutes=minutes),
    )
    typer.echo(made)


@letters.command("list")
def list_letters(
    service: Annotated[str | None, typer.Option(help="Only this service's.")] = None,
    state: Annotated[LetterState | None, typer.Option(help="Only those in this state.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array on stdout.")] = False,
) -> None:
    """List dead letters, oldest first."""
    from services.commands import messages, texts

    services = all_services() if service is None else (_service(service),)
    found = messages.list_letters(services, state)
    if as_json:
        objects = [{"service": name, **texts.letter_object(letter)} for name, letter in found]
        typer.echo(json.dumps(objects, indent=2))
        return
    lines = [texts.letter_line(name, letter) for name, letter in found]
    say_all(lines, nothing="There are no dead letters.")


@letters.command("show")
def show_letter(service: ServiceName, letter: LetterId) -> None:
    """Show everything that is kept of one dead letter."""
    from services.commands import messages, texts

    found = messages.show_letter(_service(service), letter)
    typer.echo(json.dumps(texts.letter_object(found), indent=2, ensure_ascii=False))


@letters.command("replay")
def replay_letter(
    service: ServiceName,
    letter: Annotated[int | None, typer.Argument(metavar="[ID]", help="Without: all.")] = None,
    value: Annotated[
        Path | None,
        typer.Option(
            help="File with the mended value.", exists=True, dir_okay=False, readable=True
        ),
    ] = None,
) -> None:
    """Decide dead letters again, and those parked behind them."""
    from services.commands import messages, texts

    if letter is None and value is not None:
        raise typer.BadParameter("a mended value is for one letter: name its ID")
    mended = value.read_bytes() if value is not None else None
    outcomes = messages.replay(_service(service), letter, mended)
    lines = [line for outcome in outcomes for line in texts.replay_lines(outcome)]
    say_all(lines, nothing="There is nothing to replay.")
    sys.exit(not all(texts.went_well(outcome) for outcome in outcomes))


@letters.command("discard")
def discard_letter(
    service: ServiceName,
    letter: LetterId,
    reason: Annotated[str, typer.Option(help="Why; kept with the letter.")],
) -> None:
    """Give a dead letter up for good; those parked behind it go on."""
    from services.commands import messages, texts

    if not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    say_all(texts.discard_lines(messages.discard(_service(service), letter, reason)), nothing="")


@app.command()
def republish(
    service: ServiceName,
    since: Annotated[str, typer.Option(help="Event id, or time as 2017-03-01T00:00.")],
) -> None:
    """Send a service's kept events again, from a time (UTC unless it says) or an event on."""
    from services.commands import messages

    count = messages.republish(_service(service), _instant(since) or since)
    typer.echo(f"{count} events of {service} will be sent again.")


@app.command()
def rewind(
    consumer: Annotated[str, typer.Argument(help="As logs and metrics name it: bonus.placements.")],
    topic: Annotated[str, typer.Argument(help="The topic to be heard from its beginning.")],
) -> None:
    """Have a consumer begin a topic anew after a gap; stop its service first."""
    from services.commands import messages

    messages.rewind(_service(consumer.partition(".")[0]), consumer, topic)
    typer.echo(f"{consumer} will hear {topic} from its beginning; what it knows changes nothing.")


@app.command()
def doctor() -> None:
    """Say what this machine and these settings lack, and the remedy."""
    from services.commands.doctor import examine

    findings = examine(all_services())
    say_all([str(finding) for finding in findings], nothing="")
    sys.exit(any(finding.remedy is not None for finding in findings))


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def main() -> None:
    """The console script `sammen`: a fault with a remedy is told in one line, without a trace."""
    # A library in C that fails ends the process with nothing but a number, unless Python speaks.
    faulthandler.enable()
    try:
        app()
    except BrokenPipeError:
        # Whoever read our output has gone; flushing it at exit would only complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        from services.commands.faults import status_of

        status = status_of(error)
        if status is None:
            raise  # our own mistake: the trace is what helps
        sys.stderr.write(f"{error}\n")
        sys.exit(status)


if __name__ == "__main__":
    main()

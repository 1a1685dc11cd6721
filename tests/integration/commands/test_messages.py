"""What people do about messages that went wrong, or went missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.evaluation.service import SERVICE as EVALUATION
from services.membership.service import SERVICE as MEMBERSHIP
from shared.contracts.membership import CompanyJoined
from shared.database import Database
from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.transport import OutgoingRecord
from shared.runtime.plans import role_of
from tests.integration.commands.conftest import Sammen, settings_of
from tests.support.clock import clock_at
from tests.support.lifelines import ending_with_me
from tests.support.postgres import TestDatabase
from tests.support.services import running_system

CVR = "99000007"
TOPIC = "membership.events.v1"
LETTERS = 2001
MANY_LETTERS = """
INSERT INTO dead_letter (
    consumer, topic, partition, record_offset, appended_at, headers, redacted, state, reason,
    detail, recorded_at
)
SELECT 'evaluation.known', 'a.b.v1', 0, number, now(), '[]', false, 'dead', 'bad', '', now()
FROM generate_series(1, $1::integer) AS number
"""


async def publish_garbage(database: TestDatabase) -> None:
    """A record in membership's name that nobody can read."""
    transport = EmbeddedTransport(database.url(role_of("membership")))
    await transport.start()
    await transport.publish([OutgoingRecord(TOPIC, CVR.encode(), b"\xff{", ())])
    await transport.close()


@pytest.fixture
async def spoilt(prepared: TestDatabase) -> TestDatabase:
    """A database in which evaluation has one dead letter."""
    await publish_garbage(prepared)
    async with running_system(prepared, [EVALUATION], clock=clock_at("2017-03-01")) as running:
        await running.settled()
    return prepared


async def test_however_many_dead_letters_there_are_the_newest_is_listed_too(
    sammen: Sammen, prepared: TestDatabase
) -> None:
    database = await Database.connect(
        prepared.url(role_of("evaluation")), application_name="test", schema="evaluation"
    )
    async with database.connection() as connection:
        await connection.execute(MANY_LETTERS, LETTERS)
    await database.close()
    settings = settings_of(prepared)
    lines = sammen("dead-letters", "list", "--service", "evaluation", **settings).lines
    assert [int(line.split()[1]) for line in lines] == list(range(1, LETTERS + 1))
    assert sammen("dead-letters", "list", "--state", "parked", **settings).lines == [
        "There are no dead letters."
    ]


def test_letters_are_listed_also_when_the_embedded_system_has_stopped(
    sammen: Sammen, tmp_path: Path
) -> None:
    folder = tmp_path / "sammen"
    environment = {"SAMMEN_DATA_DIR": str(folder), "SAMMEN_HTTP_PORT": "0", "SAMMEN_OPS_PORT": "0"}
    with subprocess.Popen(
        ending_with_me(sys.executable, "-m", "services", "up"),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert "Sammen is up" in running.stdout.readline()
        beside = sammen("dead-letters", "list", data_dir=str(folder))
        running.terminate()
        assert running.wait(timeout=60) == 0
    after = sammen("dead-letters", "list", data_dir=str(folder))
    again = sammen("republish", "bonus", "--since", "2017-01-01", data_dir=str(folder))
    assert (beside.status, beside.output) == (0, "There are no dead letters.\n")
    assert (after.status, after.output) == (0, "There are no dead letters.\n"), after.errors
    assert (again.status, again.output) == (0, "0 events of bonus will be sent again.\n")
    assert not (folder / "postgres" / "cluster" / "postmaster.pid").exists()


async def test_a_dead_letter_is_listed_shown_tried_again_and_given_up(
    sammen: Sammen, spoilt: TestDatabase
) -> None:
    settings = settings_of(spoilt)
    listed = sammen("dead-letters", "list", "--json", **settings)
    (letter,) = json.loads(listed.output)
    assert (letter["service"], letter["state"], letter["topic"]) == ("evaluation", "dead", TOPIC)
    assert (letter["key"], letter["value"]) == (CVR, "\\xff{")
    number = str(letter["id"])

    (line,) = sammen("dead-letters", "list", **settings).lines
    assert line.split()[:3] == ["evaluation", number, "dead"]
    shown = sammen("dead-letters", "show", "evaluation", number, **settings)
    assert json.loads(shown.output)["id"] == letter["id"]

    tried = sammen("dead-letters", "replay", "evaluation", number, **settings)
    assert (tried.status, "still can't be decided" in tried.output) == (1, True)

    given_up = sammen(
        "dead-letters", "discard", "evaluation", number, "--reason", "not ours", **settings
    )
    assert (given_up.status, given_up.lines[0]) == (0, f"{number}: discarded")
    (after,) = json.loads(sammen("dead-letters", "list", "--json", **settings).output)
    assert (after["state"], after["note"]) == ("discarded", "not ours")


async def test_no_dead_letter_is_said_in_words(sammen: Sammen, prepared: TestDatabase) -> None:
    settings = settings_of(prepared)
    assert sammen("dead-letters", "list", **settings).output == "There are no dead letters.\n"
    assert sammen("dead-letters", "replay", "evaluation", **settings).status == 0


async def test_a_letter_nobody_has_is_told_in_one_line(
    sammen: Sammen, prepared: TestDatabase
) -> None:
    said = sammen("dead-letters", "show", "evaluation", "7", **settings_of(prepared))
    assert (said.status, said.output) == (1, "")
    assert said.errors.startswith("no dead letter has the id 7")


async def test_kept_events_are_sent_again_from_a_time_or_an_event(
    sammen: Sammen, prepared: TestDatabase
) -> None:
    async with running_system(prepared, [MEMBERSHIP], clock=clock_at("2017-03-01")) as running:
        async with running.system.context("membership").begin() as work:
            first = work.publish(CompanyJoined(cvr=CVR, joined_on=work.today))
            second = work.publish(CompanyJoined(cvr="99000015", joined_on=work.today))
        await running.settled()
    settings = settings_of(prepared)
    for since, count in ((second, 1), (first, 1), ("2017-03-02", 0)):
        said = sammen("republish", "membership", "--since", since, **settings)
        assert said.output == f"{count} events of membership will be sent again.\n"
    unknown = sammen("republish", "membership", "--since", "nothing", **settings)
    assert (unknown.status, unknown.output) == (1, "")
    assert "keeps no event nothing" in unknown.errors


async def test_a_consumer_hears_a_topic_anew_and_what_it_knows_changes_nothing(
    sammen: Sammen, prepared: TestDatabase
) -> None:
    clock = clock_at("2017-03-01")
    settings = settings_of(prepared)
    consumer = next(iter(EVALUATION.hears))
    name = f"evaluation.{consumer.name}"
    async with running_system(prepared, [MEMBERSHIP, EVALUATION], clock=clock) as running:
        async with running.system.context("membership").begin() as work:
            work.publish(CompanyJoined(cvr=CVR, joined_on=work.today))
        await running.settled()
        busy = sammen("rewind", name, TOPIC, **settings)
        assert (busy.status, busy.output) == (1, "")
        assert "stop its service first" in busy.errors
    said = sammen("rewind", name, TOPIC, **settings)
    assert (said.status, said.errors) == (0, "")
    async with running_system(prepared, [EVALUATION], clock=clock) as running:
        await running.settled()
        known = running.system.metrics.inbox_duplicates(service="evaluation", consumer=name)
        assert known._value.get() == 1
    for wrong, of_what in (("evaluation.nothing", "no consumer"), ("nobody.facts", "no service")):
        assert of_what in sammen("rewind", wrong, TOPIC, **settings).errors
    assert "no topic" in sammen("rewind", name, "bonus.facts.v1", **settings).errors

"""A log line is one JSON object, and no person number is ever in it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from shared.observability.logs import Action, Log, bound, configure_logs

NUMBER = "610180-1234"  # constructed: day of birth plus 60
LOG = Log("tests.module")

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def stream() -> io.StringIO:
    """Where the lines go."""
    text = io.StringIO()
    configure_logs(text, renderer="json", level="DEBUG")
    return text


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    def said() -> list[dict[str, object]]:
        told = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in told if line["logger"] != "asyncio"]

    return said


def said_in(stream: io.StringIO) -> str:
    """What was said but for when: any four or six digits may be a time's microseconds."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "", stream.getvalue())


def test_a_line_says_what_where_when_and_whose(lines: Lines) -> None:
    with bound(service="bonus", event_id="e-1", causation_id=None):
        LOG.info("batch_committed", events=12)
    (line,) = lines()
    assert {key: line[key] for key in ("action", "service", "event_id", "events", "level")} == {
        "action": "batch_committed",
        "service": "bonus",
        "event_id": "e-1",
        "events": 12,
        "level": "info",
    }
    assert line["logger"] == "tests.module"
    assert str(line["timestamp"]).endswith("Z")
    assert "causation_id" not in line


def test_what_was_bound_is_gone_afterwards(lines: Lines) -> None:
    with bound(service="bonus"):
        pass
    LOG.info("batch_committed")
    assert "service" not in lines()[0]


async def test_tasks_keep_their_own_keys(lines: Lines) -> None:
    both_inside = asyncio.Barrier(2)

    async def work(name: str) -> None:
        with bound(service=name):
            await both_inside.wait()
            LOG.info("batch_committed", name=name)

    await asyncio.gather(work("bonus"), work("placements"))
    assert [line["service"] == line["name"] for line in lines()] == [True, True]


@pytest.mark.parametrize(
    "value",
    [
        f"lookup of {NUMBER} failed",
        NUMBER.replace("-", ""),
        {"inner": [f"<{NUMBER}>"]},
        {NUMBER: 1},
        (NUMBER,),
        {NUMBER},
        ValueError(NUMBER),
        NUMBER.encode(),
    ],
    ids=repr,
)
def test_person_numbers_are_masked_wherever_they_stand(stream: io.StringIO, value: object) -> None:
    LOG.info("notice_failed", value=value)
    assert "1234" not in said_in(stream)
    assert "610180" not in said_in(stream)


def test_person_numbers_are_masked_in_traces(stream: io.StringIO) -> None:
    def fail() -> None:
        raise LookupError(f"nobody has {NUMBER}")

    with pytest.raises(LookupError) as caught:
        fail()
    LOG.error("request_failed", error=caught.value)
    assert "Traceback" in stream.getvalue()
    assert "nobody has" in stream.getvalue()
    assert "610180" not in said_in(stream)


def test_libraries_are_masked_and_rendered_alike(lines: Lines, stream: io.StringIO) -> None:
    logging.getLogger("asyncpg").warning("value %s", NUMBER)
    (line,) = lines()
    assert line["action"] == "library_said"
    assert line["logger"] == "asyncpg"
    assert "610180" not in said_in(stream)


@pytest.mark.parametrize("hostile", ["a\nb", '{"action": "forged"}\n{', "\x1b[31m", "\u2028"])
def test_one_event_is_one_line_whatever_is_in_it(stream: io.StringIO, hostile: str) -> None:
    LOG.info("notice_failed", value=hostile)
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["value"] == hostile


def test_lines_below_the_level_are_left_out(lines: Lines) -> None:
    logging.getLogger().setLevel("INFO")
    LOG.debug("batch_committed")
    assert lines() == []


def test_people_read_lines_without_braces(stream: io.StringIO) -> None:
    configure_logs(stream, renderer="human")
    LOG.info("process_ready", address="http://127.0.0.1:1", number=NUMBER)
    assert "process_ready" in stream.getvalue()
    assert "address=http://127.0.0.1:1" in stream.getvalue()
    assert "610180" not in said_in(stream)
    assert "{" not in stream.getvalue()


def test_every_action_that_may_be_logged_is_logged_somewhere() -> None:
    checkout = Path(__file__).parents[3]
    said: set[str] = set()
    for folder in ("shared", "services", "deploy"):
        for file in (checkout / folder).rglob("*.py"):
            text = file.read_text()
            if file.name == "logs.py":
                text = text.partition("# fmt: skip")[2]
            said.update(re.findall(r'"([a-z_]+)"', text))
    assert set(get_args(Action)) <= said

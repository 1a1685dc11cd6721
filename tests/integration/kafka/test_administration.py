"""What a cluster says to one of its users, and how soon it is known that it says nothing."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.kafka.local import LocalKafka
from shared.contracts.topics import TopicSpec
from shared.messaging.kafka.access import Credentials, KafkaAccess
from shared.messaging.kafka.administration import COORDINATOR_SECONDS_MAX, Administration
from shared.messaging.kafka.asking import LIBRARY_LOG
from shared.messaging.kafka.provisioning import create_topics
from shared.messaging.transport import TransportForbiddenError, TransportUnavailableError
from tests.support.kafka_cluster import access_to
from tests.support.proxy import slow_road

NOWHERE = KafkaAccess("127.0.0.1:1")
AT_ONCE_SECONDS = 3.0


@asynccontextmanager
async def administration(access: KafkaAccess) -> AsyncIterator[Administration]:
    opened = Administration(access)
    try:
        yield opened
    finally:
        await opened.close()


@pytest.fixture
async def topic(secured: LocalKafka, plain: LocalKafka) -> str:
    """A topic on both clusters, which `placements` writes and `bonus` reads."""
    spec = TopicSpec(
        name=f"test.{secrets.token_hex(4)}.v1",
        partitions=3,
        cleanup="delete",
        retention=None,
        writers=("placements",),
        readers=("bonus",),
        maximum_bytes=65_536,
        replication_factor=1,
        minimum_in_sync_replicas=1,
    )
    for kafka in (secured, plain):
        await create_topics(access_to(kafka), [spec])
    return spec.name


async def test_a_topic_is_missing_closed_or_there(secured: LocalKafka, topic: str) -> None:
    missing = f"{topic}9"
    async with administration(access_to(secured)) as admin:
        seen = await admin.describe_topics([topic, missing])
        assert set(seen) == {topic}
        assert (seen[topic].partitions, seen[topic].may_write, seen[topic].may_read) == (
            3,
            True,
            True,
        )
    async with administration(access_to(secured, "bonus")) as bonus:
        heard = await bonus.describe_topics([topic])
        assert heard[topic] == replace(seen[topic], may_write=False)
        assert topic in await bonus.list_topic_names()
    async with administration(access_to(secured, "notifications")) as stranger:
        closed = await stranger.describe_topics([topic, missing])
        assert {name: (it.topic_id, it.may_read) for name, it in closed.items()} == {
            topic: ("", False),
            missing: ("", False),
        }
        assert topic not in await stranger.list_topic_names()


async def test_without_an_authorizer_everything_is_allowed(plain: LocalKafka, topic: str) -> None:
    async with administration(access_to(plain)) as anybody:
        assert await anybody.ping() == 1
        seen = (await anybody.describe_topics([topic]))[topic]
        assert (seen.may_write, seen.may_read) == (True, True)
        assert await anybody.may_see_group("any.group")


async def test_a_coordinator_that_is_named_late_is_waited_for(plain: LocalKafka) -> None:
    """librdkafka ended the process when its answer came after the time it was given."""
    async with administration(access_to(plain)) as anybody:
        assert await anybody.may_see_group("known.group")
        plain.pause_node(1)
        asked = asyncio.create_task(anybody.may_see_group("new.group"))
        try:
            await asyncio.sleep(COORDINATOR_SECONDS_MAX + 0.5)
            assert not asked.done(), "a broker that hangs answers nothing"
        finally:
            plain.resume_node(1)
        assert await asked


async def test_a_coordinator_is_found_over_a_slow_network(plain: LocalKafka) -> None:
    """All questions together take longer than an answer to one of them is waited for."""
    port = int(plain.bootstrap_servers.rpartition(":")[2])
    async with (
        slow_road(port, delay_seconds=COORDINATOR_SECONDS_MAX / 3) as slow,
        administration(KafkaAccess(f"127.0.0.1:{slow}")) as anybody,
    ):
        assert await anybody.may_see_group("slow.group")


WRONG: dict[str, Callable[[LocalKafka, LocalKafka], KafkaAccess]] = {
    "password": lambda secured, _: replace(
        access_to(secured), credentials=Credentials("bonus", "hunter2")
    ),
    "authority": lambda secured, _: replace(access_to(secured), ca_file=None),
    "no TLS where it is needed": lambda secured, _: KafkaAccess(secured.bootstrap_servers),
    "TLS where there is none": lambda _, plain: KafkaAccess(
        plain.bootstrap_servers, Credentials("bonus", "hunter2")
    ),
    "nobody there": lambda _secured, _plain: NOWHERE,
}
TOLD = {
    "password": (TransportForbiddenError, "does not believe that we are bonus: correct"),
    "authority": (TransportUnavailableError, "name the file of the authority"),
    "no TLS where it is needed": (TransportUnavailableError, "expect neither TLS nor a password?"),
    "TLS where there is none": (TransportUnavailableError, "expect TLS and a password?"),
    "nobody there": (TransportUnavailableError, "is one running there"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_who_is_not_let_in_is_told_at_once_why(
    secured: LocalKafka, plain: LocalKafka, wrong: str, capfd: pytest.CaptureFixture[str]
) -> None:
    error, remedy = TOLD[wrong]
    began = time.monotonic()
    async with administration(WRONG[wrong](secured, plain)) as stranger:
        with pytest.raises(error, match=remedy) as told:
            await stranger.ping()
    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert "hunter2" not in str(told.value)
    assert capfd.readouterr().err == ""


async def test_what_the_library_says_goes_to_the_log_for_who_looks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger=LIBRARY_LOG.name)
    async with administration(NOWHERE) as nobody:
        with pytest.raises(TransportUnavailableError):
            await nobody.ping()
    assert any("Connection refused" in line.getMessage() for line in caplog.records)


async def test_a_broker_that_answers_nothing_is_given_up_and_answers_again_later(
    plain: LocalKafka,
) -> None:
    async with administration(access_to(plain)) as admin:
        assert await admin.ping() == 1
        plain.pause_node(1)
        try:
            with pytest.raises(TransportUnavailableError):
                await admin.ping(seconds_max=0.5)
        finally:
            plain.resume_node(1)
        await eventually(admin.ping)


async def eventually(ask: Callable[[], Awaitable[int]]) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                await ask()
            except TransportUnavailableError:
                continue
            return


def test_a_file_that_holds_no_certificate_is_told_when_it_is_used(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.touch()
    with pytest.raises(TransportUnavailableError, match="can't speak to"):
        Administration(replace(NOWHERE, credentials=Credentials("a", "b"), ca_file=empty))

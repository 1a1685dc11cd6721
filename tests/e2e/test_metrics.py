"""What the operators' port shows after facts have gone through all services."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.test_database_outage import EMPLOYER, SERVICES, report_hire
from tests.support.services import StartSystem, SystemUnderTest
from tests.support.waiting import until

Series = frozenset[tuple[str, str]]

STEPS = {"fetch", "decode", "inbox", "load", "write", "commit", "offsets"}
"""What every consumer does; who applies rules also decides."""

BUSY = {
    "bonus.persons": STEPS | {"decide"},
    "bonus.placements": STEPS | {"decide"},
    "evaluation.membership": STEPS | {"decide"},
    "evaluation.placements": STEPS | {"decide"},
    "evaluation.bonus": STEPS | {"decide"},
    "notifications.occasions": STEPS,
}
RELAYS = ("membership", "placements", "bonus")


class Shown:
    """What `/metrics` answered."""

    def __init__(self, text: str) -> None:
        self._samples: dict[str, dict[Series, float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                of_name = self._samples.setdefault(sample.name, {})
                of_name[frozenset(sample.labels.items())] = sample.value

    def of(self, name: str, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        """The series of a metric that have these labels, each with its value."""
        return [
            (dict(series), value)
            for series, value in self._samples.get(f"sammen_{name}", {}).items()
            if labels.items() <= dict(series).items()
        ]

    def total(self, name: str, **labels: str) -> float:
        """The sum of these series."""
        return sum(value for _, value in self.of(name, **labels))


async def look(running: SystemUnderTest) -> Shown:
    async with httpx.AsyncClient(base_url=running.system.ops_address) as client:
        return Shown((await client.get("/metrics")).text)


async def test_every_part_shows_what_it_did(start_system: StartSystem, tmp_path: Path) -> None:
    running = await start_system(*SERVICES, smtp_url=f"file://{tmp_path}", data_dir=tmp_path)
    async with running.client("company", cvr=EMPLOYER) as client:
        told = {"cvr": EMPLOYER, "name": "Havnens Brød", "contacts": []}
        assert (await client.post("/membership/v1/companies", json=told)).status_code == 201
    async with running.client("municipality", municipality="0101") as client:
        for number in range(3):
            await report_hire(client, number)
    await running.settled()

    async def no_lag_is_shown() -> bool:
        lags = (await look(running)).of("consumer_lag_records")
        told = {labels["consumer"] for labels, _ in lags}
        return told >= BUSY.keys() and not any(lag for _, lag in lags)

    watching = asyncio.create_task(running.system.watch())
    await until(no_lag_is_shown, what="the watchdog has looked and found no lag")
    watching.cancel()
    shown = await look(running)
    for consumer, steps in BUSY.items():
        seconds = shown.of("consumer_step_seconds_total", consumer=consumer)
        assert {labels["step"] for labels, value in seconds if value > 0} >= steps, consumer
        assert shown.total("consumer_batch_events_sum", consumer=consumer) >= 1
        assert shown.total("consumer_rebalances_total", consumer=consumer) >= 1
        places = shown.of("consumer_lag_records", consumer=consumer)
        progress = shown.of("consumer_last_progress_timestamp_seconds", consumer=consumer)
        assert len(progress) == len(places) > 0
    for service in RELAYS:
        batches = shown.total("relay_batch_seconds_count", service=service)
        published = shown.total("relay_rows_total", service=service, outcome="published")
        assert published == shown.total("events_published_total", service=service) >= batches >= 1
        assert shown.of("outbox_waiting_rows", service=service)
        assert shown.of("outbox_oldest_age_seconds", service=service)

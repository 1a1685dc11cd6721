"""Other rules look at what was decided: counted, listed, and never in the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest

from services.bonus.domain.assessment import Assessment
from services.bonus.handlers import hearing, shadowing
from services.bonus.rules.documents import FILES
from services.bonus.rules.editions import edition_in, own_edition
from shared.contracts.placements import PlacementAnnulled
from shared.runtime.service import ServiceContext
from shared.web.identity import Role
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
    received,
)
from tests.integration.bonus.test_assessing import FORECAST, apply
from tests.integration.bonus.test_doors import answer

OTHER = "0192f0a0-0000-4000-8000-000000000002"
OWN = files("services.bonus.rules")


def rules_in(folder: Path, old: str = "", new: str = "") -> Path:
    """The package's own rules in a folder, with one text put for another."""
    for name in FILES:
        text = OWN.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        (folder / f"{name}.yaml").write_text(text.replace(old, new) if old else text, "utf-8")
    return folder


def context_of(office: Office, folder: Path | None) -> ServiceContext:
    context = office.system.system.context("bonus")
    return replace(context, settings=context.settings.model_copy(update={"shadow_rules": folder}))


def counted(context: ServiceContext) -> dict[str, int]:
    lines = generate_latest(context.metrics.registry).decode().splitlines()
    return {
        line.split('"')[1]: int(float(line.rsplit(" ", 1)[1]))
        for line in lines
        if line.startswith("sammen_shadow_assessments_total{")
    }


async def report(office: Office, role: Role = "caseworker") -> dict[str, Any]:
    status, told = await answer(office, "GET", "/bonus/v1/shadow", role)
    assert status == 200, told
    shown: dict[str, Any] = told
    return shown


@pytest.fixture
def cheaper(tmp_path: Path) -> Path:
    """Rules by which 20,000 kroner are 15,000."""
    return rules_in(tmp_path, "20000", "15000")


async def look(office: Office, folder: Path | None) -> ServiceContext:
    context = context_of(office, folder)
    await shadowing.look_by_shadow_rules(context)
    return context


async def test_without_the_setting_nothing_is_looked_at(office: Office) -> None:
    await office.hear(private(), person(), hired())
    assert counted(await look(office, None)) == {}
    assert await report(office) == {"rules": None, "differences": []}


async def test_the_same_rules_give_the_same(office: Office, tmp_path: Path) -> None:
    folder = rules_in(tmp_path)
    await look(office, folder)
    await office.hear(private(), person(), hired())
    found = counted(await look(office, folder))
    assert found == {"same": 1, "different": 0, "failed": 0}
    told = await report(office)
    assert (told["rules"], told["assessments"]) == (own_edition().name, 1)
    assert told["differences"] == []


async def test_other_rules_are_listed_with_what_they_would_give(
    office: Office, cheaper: Path
) -> None:
    await look(office, cheaper)
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    await apply(office.system)
    before = [await office.instalments(), await office.balances()]
    published = await office.count_published("BonusAssessed")
    found = counted(await look(office, cheaper))
    assert found["different"] == 3
    told = await report(office)
    assert told["rules"] == edition_in(cheaper).name
    assert (told["differing"], told["instalments"]) == (3, 2)
    assert told["entitlement_change_ore"] == -500_000
    by_milestone = {each["milestone"]: each for each in told["differences"]}
    assert by_milestone["M6"]["live"]["amount_ore"] == 2_000_000
    assert by_milestone["M6"]["shadow"]["amount_ore"] == 1_500_000
    assert by_milestone["M6"]["person"] == PERSON
    assert [await office.instalments(), await office.balances()] == before
    assert await office.count_published("BonusAssessed") == published


async def test_what_was_looked_at_is_not_looked_at_again(office: Office, cheaper: Path) -> None:
    await look(office, cheaper)
    await office.hear(private(), person(), hired())
    await look(office, cheaper)
    await look(office, cheaper)
    assert (await report(office))["assessments"] == 1


async def test_an_instalment_that_agrees_again_leaves_the_list(
    office: Office, cheaper: Path
) -> None:
    await look(office, cheaper)
    await office.hear(private(), person(), hired())
    await look(office, cheaper)
    assert len((await report(office))["differences"]) == 2
    await office.hear(PlacementAnnulled(placement=PLACEMENT, person=PERSON, reason="error"))
    await look(office, cheaper)
    told = await report(office)
    assert (told["differences"], told["differing"], told["assessments"]) == ([], 1, 2)


async def test_a_wrong_rule_is_counted_and_the_live_path_goes_on(
    office: Office, cheaper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_always(*_facts: Sequence[object], **_more: object) -> Assessment:
        raise AssertionError("no version on that day")

    monkeypatch.setattr(shadowing, "assess_known", raise_always)
    await look(office, cheaper)
    await office.hear(private(), person(), hired())
    assert counted(await look(office, cheaper)) == {"same": 0, "different": 0, "failed": 1}
    assert (await report(office))["failed"] == 1
    assert await office.instalments() == FORECAST


@pytest.mark.parametrize("text", [None, "[", "1", "shared: {}"])
async def test_a_folder_without_rules_is_counted_and_the_live_path_goes_on(
    office: Office, tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (rules_in(tmp_path) / "shared.yaml").write_text(text, "utf-8")
    assert counted(await look(office, tmp_path)) == {"unreadable": 1}
    await office.hear(private(), person(), hired())
    assert await office.instalments() == FORECAST


async def test_an_assessment_that_is_still_being_written_is_waited_for(
    office: Office, cheaper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadowing, "SETTLING_LOOKS_MAX", 2)
    await office.hear(private(), person(), hired())
    await look(office, cheaper)
    now = office.clock.now()
    async with office.system.system.context("bonus").begin() as other:
        await hearing.on_facts(other, [received(HALF_YEAR, now)])
        await office.hear(person(person=OTHER), hired(person=OTHER, placement="0101/2"))
        await look(office, cheaper)
        assert (await report(office))["assessments"] == 0
    await look(office, cheaper)
    assert (await report(office))["assessments"] == 2


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("caseworker", {}, 200),
        ("operations", {}, 200),
        ("company", {"cvr": EMPLOYER}, 403),
        ("municipality", {"municipality": "0101"}, 403),
        ("finance", {}, 403),
        ("approver", {}, 403),
    ],
)
async def test_shadow_rules_are_for_caseworkers_and_operations(
    office: Office, cheaper: Path, role: Role, claims: dict[str, str], status: int
) -> None:
    await look(office, cheaper)
    await office.hear(private(), person(), hired())
    await look(office, cheaper)
    given, told = await answer(office, "GET", "/bonus/v1/shadow", role, **claims)
    assert given == status
    if status == 200:
        assert ("person" in told["differences"][0]) is (role == "caseworker")

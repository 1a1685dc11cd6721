"""Changes of a published event that break somebody are refused, others pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from shared.contracts.base import Event
from shared.contracts.catalogue import Catalogue
from shared.contracts.compatibility import Rule, breaks_between
from shared.contracts.gate import BreakingContractChangeError, check, export
from shared.contracts.schemas import schema_of
from shared.contracts.topics import load_topic_patterns
from tests.unit.contracts.changes import (
    BREAKING,
    HARMLESS,
    SAMPLE,
    TYPE,
    DraftHat,
    OtherPublisherHat,
    hat,
)

every_break = pytest.mark.parametrize(
    ("rule", "after"), list(BREAKING.values()), ids=list(BREAKING)
)
every_harmless = pytest.mark.parametrize("after", list(HARMLESS.values()), ids=list(HARMLESS))


def promising(event: type[Event]) -> Catalogue:
    return Catalogue({event.event_type(): event}, {event: SAMPLE}, load_topic_patterns())


def contents(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


@every_break
def test_a_break_is_named_by_its_rule(rule: str, after: type[Event]) -> None:
    found = breaks_between(schema_of(hat()), schema_of(after))
    assert rule in {each.rule for each in found}
    assert all(each.sentence for each in found)


def test_every_rule_about_an_event_is_seen_to_refuse_something() -> None:
    seen = {rule for rule, _ in BREAKING.values()}
    elsewhere = {
        "event_taken_out",  # test_gate
        "unknown_fields_allowed",  # below
        "topic_taken_out",
        "partitions_changed",
        "cleanup_changed",
        "retention_shortened",  # test_gate
    }
    assert seen | elsewhere == set(get_args(Rule))


@every_break
def test_a_break_shuts_the_gate_and_is_not_written_over(
    rule: str, after: type[Event], tmp_path: Path
) -> None:
    export(tmp_path, promising(hat()))
    before = contents(tmp_path)
    assert rule in {finding.rule for finding in check(tmp_path, promising(after))}
    with pytest.raises(BreakingContractChangeError, match="version 2"):
        export(tmp_path, promising(after))
    assert contents(tmp_path) == before


@every_harmless
def test_a_harmless_change_passes_once_it_is_exported(after: type[Event], tmp_path: Path) -> None:
    assert breaks_between(schema_of(hat()), schema_of(after)) == []
    export(tmp_path, promising(hat()))
    assert {finding.rule for finding in check(tmp_path, promising(after))} <= {"stale"}
    export(tmp_path, promising(after))
    assert check(tmp_path, promising(after)) == []


@every_break
def test_a_draft_may_change_in_any_way(rule: str, after: type[Event]) -> None:
    assert rule
    assert breaks_between(schema_of(hat(DraftHat)), schema_of(after)) == []


def test_a_draft_that_is_published_breaks_nobody(tmp_path: Path) -> None:
    export(tmp_path, promising(hat(DraftHat)))
    export(tmp_path, promising(hat()))
    assert check(tmp_path, promising(hat())) == []


def test_allowing_unknown_fields_breaks_the_readers_that_refuse_them() -> None:
    _, proud = BREAKING["unknown fields are refused"]
    [found] = breaks_between(schema_of(proud), schema_of(hat()))
    assert found.rule == "unknown_fields_allowed"


def test_another_type_name_takes_the_old_event_out(tmp_path: Path) -> None:
    export(tmp_path, promising(hat()))
    renamed = hat(OtherPublisherHat)
    assert renamed.event_type() == "dk.sammen.evaluation.HatAwarded.v1"
    found = {(each.contract, each.rule) for each in check(tmp_path, promising(renamed))}
    assert (TYPE, "event_taken_out") in found


def test_a_finding_says_what_where_and_how_to_go_on(tmp_path: Path) -> None:
    export(tmp_path, promising(hat()))
    _, after = BREAKING["an integer becomes a text"]
    lines = [str(finding) for finding in check(tmp_path, promising(after))]
    assert f"{TYPE}, pieces: was integer and would be string [type_changed]" in lines
    with pytest.raises(BreakingContractChangeError, match="pieces: was integer"):
        export(tmp_path, promising(after))


def test_schemas_are_compared_as_written_not_as_remembered(tmp_path: Path) -> None:
    export(tmp_path, promising(hat()))
    path = tmp_path / "schemas" / f"{TYPE}.json"
    promised = json.loads(path.read_text())
    promised["properties"]["feather_boa"] = {"type": "string"}
    path.write_text(json.dumps(promised))
    found = {(each.place, each.rule) for each in check(tmp_path, promising(hat()))}
    assert found == {("feather_boa", "field_removed")}

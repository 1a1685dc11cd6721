"""Files and code must agree, and what is published stays where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from shared.contracts.base import Event
from shared.contracts.catalogue import Catalogue, present_catalogue
from shared.contracts.gate import BreakingContractChangeError, Finding, check, export
from shared.contracts.schemas import schema_of
from shared.contracts.topics import TopicSpec
from tests.unit.contracts.changes import SAMPLE, TYPE, DraftHat, hat, optional

TOPIC = "bonus.events.v1"
PUBLISHED = hat()
DRAFT = hat(DraftHat)


def promising(*events: type[Event]) -> Catalogue:
    present = present_catalogue()
    return Catalogue(
        {event.event_type(): event for event in events},
        {
            event: {name: SAMPLE[name] for name in SAMPLE.keys() & event.model_fields.keys()}
            for event in events
        },
        present.topics,
    )


def with_topic(catalogue: Catalogue, change: Callable[[TopicSpec], TopicSpec | None]) -> Catalogue:
    changed = [change(each) if each.name == TOPIC else each for each in catalogue.topics]
    return replace(catalogue, topics=tuple(each for each in changed if each is not None))


def rules(findings: list[Finding]) -> set[str]:
    return {finding.rule for finding in findings}


def test_an_empty_folder_lacks_everything_and_export_fills_it(tmp_path: Path) -> None:
    catalogue = promising(PUBLISHED)
    assert {finding.contract for finding in check(tmp_path, catalogue)} == {
        f"schemas/{TYPE}.json",
        f"samples/{TYPE}.json",
        "asyncapi.yaml",
    }
    written = export(tmp_path, catalogue)
    assert {str(path.relative_to(tmp_path)) for path in written} == {
        f"schemas/{TYPE}.json",
        f"samples/{TYPE}.json",
        "asyncapi.yaml",
    }
    assert check(tmp_path, catalogue) == []


def test_exporting_again_changes_nothing(tmp_path: Path) -> None:
    export(tmp_path)
    assert export(tmp_path) == []
    assert check(tmp_path) == []


@pytest.mark.parametrize("name", [f"schemas/{TYPE}.json", "asyncapi.yaml"])
def test_a_file_edited_by_hand_is_found_and_put_right(name: str, tmp_path: Path) -> None:
    catalogue = promising(DRAFT)
    export(tmp_path, catalogue)
    path = tmp_path / name
    path.write_text(path.read_text() + "\n")
    assert rules(check(tmp_path, catalogue)) == {"stale"}
    assert export(tmp_path, catalogue) == [path]


def test_a_published_event_is_never_taken_out(tmp_path: Path) -> None:
    export(tmp_path, promising(PUBLISHED))
    assert rules(check(tmp_path, promising())) == {"event_taken_out"}
    with pytest.raises(BreakingContractChangeError):
        export(tmp_path, promising())
    assert (tmp_path / "schemas" / f"{TYPE}.json").is_file()


def test_a_draft_that_is_given_up_leaves_with_its_files(tmp_path: Path) -> None:
    export(tmp_path, promising(DRAFT))
    assert rules(check(tmp_path, promising())) == {"stale", "orphaned"}
    export(tmp_path, promising())
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["asyncapi.yaml"]


def test_version_1_stays_beside_version_2(tmp_path: Path) -> None:
    export(tmp_path, promising(PUBLISHED))
    first = (tmp_path / "schemas" / f"{TYPE}.json").read_text()
    second = hat(without="note")
    second.version = 2
    both = promising(PUBLISHED, second)
    export(tmp_path, both)
    assert check(tmp_path, both) == []
    assert (tmp_path / "schemas" / f"{TYPE}.json").read_text() == first
    assert (tmp_path / "schemas" / f"{TYPE[:-1]}2.json").is_file()
    assert rules(check(tmp_path, promising(second))) == {"event_taken_out"}


def test_the_sample_of_a_published_event_is_a_record_of_its_day(tmp_path: Path) -> None:
    export(tmp_path, promising(PUBLISHED))
    path = tmp_path / "samples" / f"{TYPE}.json"
    told = path.read_text()
    grown = hat(brim=optional(str))
    later = replace(promising(grown), samples={grown: {**SAMPLE, "brim": "wide"}})
    export(tmp_path, later)
    assert path.read_text() == told
    assert check(tmp_path, later) == []


def test_a_sample_that_is_read_no_more_shuts_the_gate(tmp_path: Path) -> None:
    catalogue = promising(PUBLISHED)
    export(tmp_path, catalogue)
    path = tmp_path / "samples" / f"{TYPE}.json"
    record = json.loads(path.read_text())
    for spoilt in ({"colour": "blue"}, {"brim": "lost"}):
        path.write_text(json.dumps({**record, "value": {**record["value"], **spoilt}}))
        assert rules(check(tmp_path, catalogue)) == {"sample_broken"}


def test_a_sample_that_never_fitted_shuts_the_gate(tmp_path: Path) -> None:
    catalogue = replace(promising(DRAFT), samples={DRAFT: {**SAMPLE, "pieces": "many"}})
    [finding] = check(tmp_path, catalogue)
    assert (finding.contract, finding.rule) == (TYPE, "misfit")
    with pytest.raises(BreakingContractChangeError, match=r"samples\.py: pieces"):
        export(tmp_path, catalogue)


@pytest.mark.parametrize("folder", ["schemas", "samples"])
def test_a_file_nobody_can_read_is_no_witness(folder: str, tmp_path: Path) -> None:
    catalogue = promising(PUBLISHED)
    export(tmp_path, catalogue)
    (tmp_path / folder / f"{TYPE}.json").write_text("<<<<<<< ours")
    assert rules(check(tmp_path, catalogue)) == {"unreadable"}


def test_a_document_nobody_can_read_is_no_witness(tmp_path: Path) -> None:
    catalogue = promising(PUBLISHED)
    export(tmp_path, catalogue)
    (tmp_path / "asyncapi.yaml").write_text("channels: [")
    assert rules(check(tmp_path, catalogue)) == {"unreadable"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda topic: replace(topic, partitions=13), "partitions_changed"),
        (lambda topic: replace(topic, retention=timedelta(days=30)), "retention_shortened"),
        (lambda topic: replace(topic, cleanup="compact"), "cleanup_changed"),
        (lambda _: None, "topic_taken_out"),
    ],
    ids=["partitions", "retention", "cleanup", "gone"],
)
def test_a_topic_with_published_events_stays_as_it_is(
    change: Callable[[TopicSpec], TopicSpec | None], rule: str, tmp_path: Path
) -> None:
    export(tmp_path, promising(PUBLISHED))
    assert rule in rules(check(tmp_path, with_topic(promising(PUBLISHED), change)))


def test_a_topic_may_keep_records_longer_and_one_of_drafts_may_change(tmp_path: Path) -> None:
    short = with_topic(promising(PUBLISHED), lambda topic: replace(topic, retention=timedelta(9)))
    export(tmp_path, short)
    export(tmp_path, promising(PUBLISHED))
    drafts = tmp_path / "drafts"
    export(drafts, promising(DRAFT))
    export(drafts, with_topic(promising(DRAFT), lambda topic: replace(topic, partitions=3)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _: None, "topics.yaml has no topic bonus.events.v1"),
        (lambda topic: replace(topic, writers=("finance",)), "bonus may not write bonus.events.v1"),
        (lambda topic: replace(topic, cleanup="compact"), "topics.yaml says compact"),
    ],
    ids=["no topic", "no permission", "no compaction"],
)
def test_an_event_without_a_home_shuts_the_gate(
    change: Callable[[TopicSpec], TopicSpec | None], sentence: str, tmp_path: Path
) -> None:
    [finding] = check(tmp_path, with_topic(promising(DRAFT), change))
    assert finding.rule == "homeless"
    assert sentence in str(finding)


def test_a_schema_is_the_same_on_every_run() -> None:
    assert json.dumps(schema_of(hat())) == json.dumps(schema_of(hat()))

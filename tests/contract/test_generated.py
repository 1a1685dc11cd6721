"""What stands in review is what the code says, and every sample of a record is still read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import shared.contracts
from shared.contracts.envelope import Decoded, decode
from shared.contracts.gate import check
from shared.contracts.registry import EVENT_TYPES

GENERATED = Path(shared.contracts.__file__).parent / "generated"
SAMPLES = sorted((GENERATED / "samples").glob("*.json"))


def test_files_and_code_agree() -> None:
    assert [str(finding) for finding in check(GENERATED)] == []


def test_every_event_has_a_schema_and_a_sample() -> None:
    assert {path.stem for path in SAMPLES} == set(EVENT_TYPES)
    assert {path.stem for path in (GENERATED / "schemas").glob("*.json")} == set(EVENT_TYPES)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_and_fits_its_schema(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    decoded = decode(
        topic=record["topic"],
        key=record["key"].encode(),
        value=json.dumps(record["value"]).encode(),
        headers=[(name, text.encode()) for name, text in record["headers"].items()],
    )
    assert isinstance(decoded, Decoded), decoded
    assert decoded.envelope.event_type == path.stem
    assert json.loads(decoded.event.model_dump_json(exclude_none=True)) == record["value"]
    schema = json.loads((GENERATED / "schemas" / path.name).read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(record["value"])

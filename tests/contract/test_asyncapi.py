"""The AsyncAPI document is one by the judgement of AsyncAPI's own parser."""

from __future__ import annotations

import os

import pytest

from tests.contract.official_parser import REMEDY, findings_about, node_is_there
from tests.contract.test_generated import GENERATED

DOCUMENT = GENERATED / "asyncapi.yaml"

pytestmark = pytest.mark.skipif(
    not node_is_there() and not os.environ.get("CI"),
    reason=f"the official AsyncAPI parser needs Node: {REMEDY}",
)


def errors_in(document: str) -> list[str]:
    return [found["message"] for found in findings_about(document) if found["severity"] == 0]


def test_the_document_is_valid() -> None:
    assert errors_in(DOCUMENT.read_text(encoding="utf-8")) == []


def test_a_document_with_a_dangling_reference_is_not() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert "$ref: '#/channels/" in text
    assert errors_in(text.replace("$ref: '#/channels/", "$ref: '#/canals/", 1))

from __future__ import annotations

import pytest

from shared.messaging.redaction import redacted_bytes, storable_text
from shared.values.persons import contains_person_number

NUMBER = "610180-1234"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b'{"amount_ore": 123}', "æøå\0".encode(), b"2017-00042"],
)
def test_what_names_no_person_stays_as_it_is(content: bytes) -> None:
    assert redacted_bytes(content) is content


@pytest.mark.parametrize(
    "content",
    [NUMBER.encode(), f"æ {NUMBER} ø".encode(), b"\xff " + NUMBER.encode() + b" \xfe"],
)
def test_a_person_number_is_masked_and_the_rest_kept(content: bytes) -> None:
    kept = redacted_bytes(content)
    assert NUMBER.encode() not in kept
    assert kept.replace(b"[person number]", NUMBER.encode()) == content


def test_a_number_hidden_between_null_bytes_leaves_nothing() -> None:
    assert redacted_bytes(f"x {NUMBER}".encode("utf-16-le")) == b""


def test_text_is_kept_masked_cut_and_storable() -> None:
    kept = storable_text(f"a\0b \udc80 {NUMBER} " + "x" * 5000)
    assert len(kept) == 2000
    assert "\0" not in kept
    assert kept.encode()
    assert not contains_person_number(kept)

from __future__ import annotations

import pytest

from services.placements.domain import senders
from services.placements.domain.senders import (
    NOT_FOR_COMPANIES,
    NOT_WHOLE,
    NOT_YOURS,
    OTHER_EMPLOYER,
    Sender,
)

COPENHAGEN = senders.municipality("0101")
COMPANY = senders.company("99000007")
CASEWORKER = senders.caseworker("anna")


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("2017-00042", "0101/2017-00042"),
        ("2017/00042", "0101/2017/00042"),  # no municipality has the code 2017
        ("0461/7", "0461/7"),
        ("cvr-99000007/7", "cvr-99000007/7"),
        ("cvr-99000008/7", "0101/cvr-99000008/7"),  # no CVR number
        ("461/7", "0101/461/7"),
        ("0461/", "0101/0461/"),
    ],
)
def test_an_id_is_the_senders_own_unless_it_names_a_sender(given: str, whole: str) -> None:
    assert senders.whole_id(given, owner="0101") == whole


@pytest.mark.parametrize(
    ("sender", "given", "refused"),
    [
        (COPENHAGEN, "7", None),
        (COPENHAGEN, "0101/7", None),
        (COPENHAGEN, "0461/7", NOT_YOURS),
        (COPENHAGEN, "cvr-99000007/7", NOT_YOURS),
        (COMPANY, "7", None),
        (COMPANY, "cvr-99000007/7", None),
        (COMPANY, "0101/7", NOT_YOURS),
        (CASEWORKER, "0101/7", None),
        (CASEWORKER, "cvr-99000007/7", None),
        (CASEWORKER, "7", NOT_WHOLE),
    ],
)
def test_only_the_sender_of_an_id_or_a_caseworker_tells_of_it(
    sender: Sender, given: str, refused: object
) -> None:
    assert senders.refuse_placement(sender, given) == refused


@pytest.mark.parametrize(
    ("sender", "refused"), [(COPENHAGEN, None), (CASEWORKER, None), (COMPANY, OTHER_EMPLOYER)]
)
def test_a_company_tells_of_placements_with_itself(sender: Sender, refused: object) -> None:
    assert senders.refuse_employer(sender, "99000015") == refused
    assert senders.refuse_employer(sender, "99000007") is None


def test_a_company_tells_nothing_of_a_person() -> None:
    assert senders.refuse_person_facts(COMPANY) == NOT_FOR_COMPANIES
    assert senders.refuse_person_facts(COPENHAGEN) is None
    assert senders.refuse_person_facts(CASEWORKER) is None


def test_only_a_municipality_has_a_receipts_topic() -> None:
    named = [senders.municipality_named(each.name) for each in (COPENHAGEN, COMPANY, CASEWORKER)]
    assert named == ["0101", None, None]

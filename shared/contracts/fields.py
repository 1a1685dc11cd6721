"""The words events are made of: closed vocabularies and checked kinds of text, number and date.

Every limit stands in the JSON Schema as far as JSON Schema can say it. What it can't say (the check
digit of a CVR number, a person number in a text, two fields that contradict each other) is refused
with one of the error types in `RULES_BEYOND_THE_SCHEMA`.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from shared.contracts.door_rules import RULE_OF_CONTRADICTION, DoorRule
from shared.values.cvr import is_cvr
from shared.values.municipalities import parse_municipality_code
from shared.values.persons import contains_person_number

RULES_BEYOND_THE_SCHEMA: Final = frozenset(
    {"cvr_number", "municipality_code", "person_number", "encoded_word", "contradiction"}
)
"""Error types of the rules that no JSON Schema of ours can express."""

EARLIEST_DAY: Final = date(1900, 1, 1)
LATEST_DAY: Final = date(2199, 12, 31)
DAY_CHARACTERS: Final = 10
ORE_MAX: Final = 9_007_199_254_740_991
"""Largest integer every JSON reader keeps exactly (2^53 - 1), in øre."""

Scheme = Literal["ordinary", "igu"]
Milestone = Literal["M6", "M12", "M24"]
Language = Literal["da", "en"]
Decision = Literal["accepted", "refused"]
InstalmentStatus = Literal["REFUSED", "REVIEW", "PENDING", "AWAITING", "DUE"]
EndReason = Literal[
    "completed",
    "fixed_term_ended",
    "dismissed",
    "resigned",
    "mutual",
    "never_showed_up",
    "annulled",
    "company_closed",
    "business_transfer",
    "to_ordinary_same_employer",
    "to_ordinary_other_employer",
    "to_education",
    "moved_abroad",
    "permit_lapsed",
    "death",
    "other",
    "unknown",
]
RefusalReason = Literal[
    "ANNULLED",
    "EMPLOYER_PUBLIC",
    "PERSON_NOT_COVERED",
    "HIRED_BEFORE_PERMIT",
    "OUTSIDE_WINDOW",
    "PERMIT_OLDER_THAN_2Y",
    "IGU_AGE",
    "IGU_RESIDENCE_TOO_LONG",
    "ENDED_BEFORE_MILESTONE",
    "ALREADY_PAID",
    "IGU_NOT_COMPLETED",
    "IGU_PRACTICE_BELOW_25",
    "HOURS_NOT_OVER_19",
    "TIME_BARRED",
    "REVIEW_REFUSED",
]
ReviewReason = Literal[
    "PERSON_SCOPE", "SECTOR_UNKNOWN", "IGU_PRIOR_EMPLOYMENT", "OVER_40000_SAME_EMPLOYER_PERSON"
]
ClaimReason = Literal[
    "ANNULLED",
    "CORRECTED_START_DATE",
    "CORRECTED_END_DATE",
    "CORRECTED_PERMIT",
    "CORRECTED_SECTOR",
    "CORRECTED_HOURS",
    "REVIEW_REFUSED",
    "OVERPAID",
    "OTHER",
]


def contradiction(
    sentence: str, rule: DoorRule = DoorRule.CONTRADICTS_ITSELF, **values: str
) -> PydanticCustomError:
    """An error about fields that can't be true together; `sentence` may use {values}."""
    return PydanticCustomError(
        "contradiction", sentence, {**values, RULE_OF_CONTRADICTION: rule.value}
    )


def _refuse_person_number(text: str) -> str:
    if contains_person_number(text):
        raise PydanticCustomError(
            "person_number", "contains what looks like a civil registration number"
        )
    return text


def _refuse_encoded_word(text: str) -> str:
    # `=?UTF-8?Q?=0A?=` becomes a line break inside a mail header on Python 3.11.7.
    if "=?" in text:
        raise PydanticCustomError("encoded_word", "contains '=?', which mail readers decode")
    return text


def _check_cvr(text: str) -> str:
    if not is_cvr(text):
        raise PydanticCustomError(
            "cvr_number", "is no CVR number (8 digits with a valid check digit)"
        )
    return text


def _check_municipality(text: str) -> str:
    try:
        return parse_municipality_code(text)
    except ValueError as error:
        raise PydanticCustomError(
            "municipality_code", "is no code of a Danish municipality (such as 0101)"
        ) from error


def _read_day(value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - whatever the wire holds
    # pydantic's own reader takes "1483228800" for seconds since 1970, strict or not.
    if info.mode != "json" or not isinstance(value, str):
        return value
    if len(value) == DAY_CHARACTERS and value[4] == value[7] == "-":
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise PydanticCustomError("date_parsing", "must be a date written YYYY-MM-DD that exists")


# Control and format characters, no-break space, byte order mark: invisible, so two texts that look
# alike would differ, and some end a line or turn the writing direction.
_INVISIBLE = (
    r"\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff"
)
INVISIBLE: Final = re.compile(f"[{_INVISIBLE}]")
"""Finds a character that no text of ours may hold; what Python calls printable is free of it."""
_VISIBLE_TEXT = rf"^[^ {_INVISIBLE}]([^{_INVISIBLE}]*[^ {_INVISIBLE}])?$"

Day = Annotated[
    date,
    BeforeValidator(_read_day),
    Field(
        ge=EARLIEST_DAY,
        le=LATEST_DAY,
        json_schema_extra={
            "formatMinimum": EARLIEST_DAY.isoformat(),
            "formatMaximum": LATEST_DAY.isoformat(),
        },
    ),
]
"""A calendar day, YYYY-MM-DD on the wire; bounded so that adding months to it can't overflow."""

Cvr = Annotated[
    str,
    Field(pattern=r"^[0-9]{8}$", json_schema_extra={"format": "cvr"}),
    AfterValidator(_check_cvr),
]
"""A CVR number: eight digits, the last a modulus 11 check digit."""

MunicipalityCode = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}$", json_schema_extra={"format": "municipality-code"}),
    AfterValidator(_check_municipality),
]
"""The four digits of one of the 98 municipalities."""

PersonReference = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        json_schema_extra={"format": "uuid"},
    ),
]
"""The random reference that stands for a person everywhere outside the vault; lower-case UUID."""

Code = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
"""A word of an open vocabulary: readers must cope with ones they don't know."""

Identifier = Annotated[str, Field(pattern=r"^[!-~]{1,200}$"), AfterValidator(_refuse_person_number)]
"""An id coined by one of our services or by finance: visible ASCII without blanks."""

SenderId = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=_VISIBLE_TEXT),
    AfterValidator(_refuse_person_number),
]
"""An id coined by whoever reports, compared exactly as given."""

PlacementId = Annotated[
    str,
    Field(
        min_length=3,
        max_length=140,
        pattern=rf"^[a-z0-9-]{{1,32}}/[^ {_INVISIBLE}]([^{_INVISIBLE}]*[^ {_INVISIBLE}])?$",
    ),
    AfterValidator(_refuse_person_number),
]
"""`<sender>/<the sender's own id>`, such as 0101/2017-00042 or cvr-99000007/7."""

ShortText = Annotated[
    str,
    Field(min_length=1, max_length=600, pattern=_VISIBLE_TEXT),
    AfterValidator(_refuse_person_number),
]
"""One line of text without invisible characters; never about a person."""

ContactName = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=_VISIBLE_TEXT),
    AfterValidator(_refuse_encoded_word),
    AfterValidator(_refuse_person_number),
]
"""What a contact is called; safe in a mail header."""

EmailAddress = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}$",
        json_schema_extra={"format": "email"},
    ),
    AfterValidator(_refuse_encoded_word),
    AfterValidator(_refuse_person_number),
]
"""A plain ASCII e-mail address without display name."""

DecimalText = Annotated[str, Field(pattern=r"^[0-9]{1,7}(\.[0-9]{1,6})?$")]
"""A number that isn't negative, as decimal text, such as 956.71: no float ever holds it."""

PercentText = Annotated[str, Field(pattern=r"^(100(\.0{1,6})?|[0-9]{1,2}(\.[0-9]{1,6})?)$")]
"""A percentage from 0 to 100 as decimal text."""

Ore = Annotated[int, Field(ge=0, le=ORE_MAX)]
"""An amount in øre, never negative."""

SignedOre = Annotated[int, Field(ge=-ORE_MAX, le=ORE_MAX)]
"""An amount in øre that may take back an earlier one."""

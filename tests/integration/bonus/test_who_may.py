"""Every route of bonus, by everybody: who is let in, whose cases are hidden, whose forms are taken.

A route that is missing from the table fails the first test: say in it who may what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.bonus.service import SERVICE
from shared.web.forms import form_token
from shared.web.identity import SESSION_COOKIE, Role
from tests.integration.bonus.browser import browser
from tests.integration.bonus.office import (
    EMPLOYER,
    HALF_YEAR,
    OTHER_EMPLOYER,
    PERSON,
    PLACEMENT,
    Office,
    hired,
    person,
    private,
)


@dataclass(frozen=True)
class Somebody:
    """Whoever asks."""

    role: Role | None = None
    claims: tuple[tuple[str, str], ...] = ()


WHO = {
    "nobody": Somebody(),
    "company": Somebody("company", (("cvr", EMPLOYER),)),
    "other company": Somebody("company", (("cvr", OTHER_EMPLOYER),)),
    "municipality": Somebody("municipality", (("municipality", "0101"),)),
    "other municipality": Somebody("municipality", (("municipality", "0461"),)),
    "caseworker": Somebody("caseworker"),
    "approver": Somebody("approver"),
    "finance": Somebody("finance"),
    "operations": Somebody("operations"),
}
EVERYBODY = tuple(WHO)
Found = dict[Any, dict[str, int]]
READERS = (200, 200, 200, 200, 200, 200, 200, 403)
OWN = (200, 404, 200, 404, 200, 200, 200, 403)
CASEWORKER = (403, 403, 403, 403, 404, 403, 403, 403)
LIST = (403, 403, 403, 403, 200, 403, 403, 403)
COMPANY = (200, 200, 403, 403, 403, 403, 403, 403)
APPLYING = (201, 404, 403, 403, 201, 403, 403, 403)
APPLYING_BY_FORM = (303, 404, 403, 403, 403, 403, 403, 403)

UNKNOWN = (404, 404, 404, 404, 404, 404, 404, 403)
PLANNERS = (403, 403, 403, 403, 200, 200, 200, 403)
SHADOW = (403, 403, 403, 403, 200, 403, 403, 200)
ANYBODY = (200,) * 8
WEIGHERS = (403, 403, 200, 200, 200, 403, 403, 403)

EMPTY_CASE = {"as_of": "2017-03-02", "known_on": "2017-03-02", "facts": []}
APPLICATION = {"placement": PLACEMENT, "milestone": "M6"}
REASON = {"reason": "seen"}
NO_ONE = "0192f0a0-0000-4000-8000-00000000ffff"

JSON: dict[tuple[str, str], tuple[tuple[int, ...], Any]] = {
    ("GET", "/bonus/v1/cases"): (READERS, None),
    ("GET", "/bonus/v1/cases/{case}"): (OWN, None),
    ("GET", "/bonus/v1/cases/{case}/assessments"): (OWN, None),
    ("GET", "/bonus/v1/cases/{case}/assessments/{assessment}"): (UNKNOWN, None),
    ("GET", "/bonus/v1/figures"): (PLANNERS, None),
    ("GET", "/bonus/v1/shadow"): (SHADOW, None),
    ("POST", "/bonus/v1/assessments"): (ANYBODY, EMPTY_CASE),
    ("POST", "/bonus/v1/what-if"): (WEIGHERS, []),
    ("POST", "/bonus/v1/applications"): (APPLYING, APPLICATION),
    ("POST", "/bonus/v1/reviews/{review}/decision"): (
        CASEWORKER,
        {"outcome": "accepted", **REASON},
    ),
    ("POST", "/bonus/v1/claims/{claim}/decision"): (
        CASEWORKER,
        {"outcome": "dropped", "amount_ore": 0, **REASON},
    ),
    ("POST", "/bonus/v1/payouts/{payout}/release"): (CASEWORKER, REASON),
}
PAGES = {
    "/bonus/cases": READERS,
    "/bonus/cases/{case}": OWN,
    "/bonus/company": COMPANY,
    "/bonus/work": LIST,
}
FORMS: dict[str, tuple[tuple[int, ...], dict[str, str]]] = {
    "/bonus/company/applications": (APPLYING_BY_FORM, APPLICATION),
    "/bonus/work/reviews/{review}": (CASEWORKER, {"outcome": "accepted", **REASON}),
    "/bonus/work/claims/{claim}": (CASEWORKER, {"outcome": "dropped", "seen_ore": "0", **REASON}),
    "/bonus/work/payouts/{payout}/release": (CASEWORKER, REASON),
    "/bonus/work/flags/{person}/{flag}": (CASEWORKER, REASON),
}


@pytest.fixture
async def employed(office: Office) -> Office:
    """An office that knows of one half year's work, on 2 March 2017."""
    await office.hear(private(), person(), hired(), HALF_YEAR)
    await office.advance_to("2017-03-02")
    return office


def expected(statuses: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(EVERYBODY, (401, *statuses), strict=True))


async def path_in(office: Office, route: str, *, employer: str = EMPLOYER) -> str:
    query = {"employer": employer}
    async with office.system.client("caseworker") as client:
        [case] = (await client.get("/bonus/v1/cases", params=query)).json()["cases"]
    named = {"case": case["case"], "review": f"{NO_ONE}.SECTOR_UNKNOWN", "flag": "NONE"}
    return route.format_map(
        {**dict.fromkeys(("claim", "payout", "assessment"), NO_ONE), "person": PERSON, **named}
    )


def test_the_table_holds_every_route() -> None:
    async def nothing() -> None: ...

    context: Any = nothing
    routes = {
        (method, route.path)  # type: ignore[attr-defined]  # all of them are API routes
        for make in SERVICE.routers
        for route in make(context).routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    pages = {("GET", path) for path in PAGES} | {("POST", path) for path in FORMS}
    assert routes == set(JSON) | pages


async def test_who_may_ask_the_interface(employed: Office) -> None:
    found: Found = {route: {} for route in JSON}
    for name, who in WHO.items():
        async with employed.system.client(who.role, **dict(who.claims)) as client:
            for (method, path), (_, body) in JSON.items():
                answer = await client.request(method, await path_in(employed, path), json=body)
                found[method, path][name] = answer.status_code
    assert found == {route: expected(statuses) for route, (statuses, _) in JSON.items()}


async def test_the_cookie_opens_no_interface(employed: Office) -> None:
    async with browser(employed, "caseworker") as caseworker:
        for (method, path), (_, body) in JSON.items():
            answer = await caseworker.client.request(
                method, await path_in(employed, path), json=body
            )
            assert answer.status_code == 401, path


async def test_who_may_look_at_a_page(employed: Office) -> None:
    found: Found = {page: {} for page in PAGES}
    for name, who in WHO.items():
        async with browser(employed, who.role, **dict(who.claims)) as somebody:
            for page in PAGES:
                answer = await somebody.client.get(await path_in(employed, page))
                found[page][name] = answer.status_code
    assert found == {page: expected(statuses) for page, statuses in PAGES.items()}


async def test_who_may_send_a_form(employed: Office) -> None:
    found: Found = {form: {} for form in FORMS}
    for name, who in WHO.items():
        async with browser(employed, who.role, **dict(who.claims)) as somebody:
            own = {"form_token": form_token(somebody.client.cookies.get(SESSION_COOKIE) or "")}
            for form, (_, fields) in FORMS.items():
                path = await path_in(employed, form)
                answer = await somebody.client.post(path, data={**fields, **own})
                found[form][name] = answer.status_code
    assert found == {form: expected(statuses) for form, (statuses, _) in FORMS.items()}


async def forged(
    client: httpx.AsyncClient, path: str, fields: dict[str, str], stolen: str
) -> dict[str, int]:
    """A form without a token, with another session's, and with the right one from elsewhere."""
    own = {**fields, "form_token": form_token(client.cookies[SESSION_COOKIE])}
    elsewhere = {"Origin": "https://evil.test"}
    crossing = {"Sec-Fetch-Site": "cross-site"}
    return {
        "no token": (await client.post(path, data=fields)).status_code,
        "another session's": (
            await client.post(path, data={**fields, "form_token": stolen})
        ).status_code,
        "another site": (await client.post(path, data=own, headers=elsewhere)).status_code,
        "cross-site": (await client.post(path, data=own, headers=crossing)).status_code,
    }


async def test_a_forged_form_is_refused(employed: Office) -> None:
    for form, (_, fields) in FORMS.items():
        role: Role = "company" if "company" in form else "caseworker"
        claims = {"cvr": EMPLOYER} if role == "company" else {}
        path = await path_in(employed, form)
        async with (
            browser(employed, role, **claims) as first,
            browser(employed, role, **claims) as second,
        ):
            stolen = form_token(second.client.cookies[SESSION_COOKIE])
            found = await forged(first.client, path, fields, stolen)
        assert set(found.values()) == {403}, (form, found)
    assert await employed.count_published("BonusApplied") == 0


async def test_a_company_learns_of_no_other_employer_by_a_flag(office: Office) -> None:
    elsewhere = hired(placement="0101/second", employer=OTHER_EMPLOYER)
    await office.hear(private(), person(), hired(), elsewhere)
    path = await path_in(office, "/bonus/v1/cases/{case}")
    told = {}
    for name in ("caseworker", "company"):
        who = WHO[name]
        async with office.system.client(who.role, **dict(who.claims)) as client:
            told[name] = (await client.get(path)).json()["flags"]
    assert told == {"caseworker": ["OVERLAPPING_EMPLOYERS"], "company": []}

"""What people type before and around a running system."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from services.__main__ import all_services
from shared.runtime.plans import plans_for
from tests.integration.commands.conftest import Sammen, settings_of
from tests.support.postgres import ROLE_PASSWORD, DatabaseFactory, TestDatabase


def test_help_names_every_command(sammen: Sammen) -> None:
    said = sammen("--help")
    assert said.status == 0
    for command in (
        "demo", "up", "run", "migrate", "topics", "assess", "token", "contracts", "dead-letters",
        "republish", "rewind", "doctor",
    ):  # fmt: skip
        assert f" {command} " in said.output


def test_a_token_is_printed_alone(sammen: Sammen) -> None:
    said = sammen("token", "--role", "municipality", "--municipality", "0101", "--minutes", "5")
    assert (said.status, said.errors, len(said.lines)) == (0, "", 1)
    claims = jwt.decode(said.output.strip(), options={"verify_signature": False})
    assert {name: claims[name] for name in ("aud", "role", "municipality", "iss")} == {
        "aud": "sammen",
        "role": "municipality",
        "municipality": "0101",
        "iss": "http://127.0.0.1:8000/issuer",
    }
    assert claims["exp"] - claims["iat"] == 300


def test_two_tokens_are_of_one_key(sammen: Sammen) -> None:
    first, second = (sammen("token", "--role", "caseworker").output.strip() for _ in range(2))
    assert jwt.get_unverified_header(first) == jwt.get_unverified_header(second)


def test_no_token_is_made_for_another_issuer(sammen: Sammen) -> None:
    said = sammen("token", "--role", "caseworker", oidc_issuer="https://login.example")
    assert (said.status, said.output) == (2, "")
    assert "SAMMEN_OIDC_ISSUER is https://login.example" in said.errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("token", "--role", "emperor"), "'emperor' is no role"),
        (("token", "--role", "municipality"), "needs its code"),
        (("token", "--role", "company", "--cvr", "99000008"), "needs its number"),
        (("run", "bonsu"), "'bonsu' is no service"),
        (("run", "bonus"), "SAMMEN_BONUS_DATABASE_URL is not set"),
        (("migrate",), "SAMMEN_DATABASE_URL is not set"),
        (("topics", "check"), "SAMMEN_KAFKA_BOOTSTRAP_SERVERS is not set"),
        (("dead-letters", "list"), "SAMMEN_MEMBERSHIP_DATABASE_URL is not set"),
        (("dead-letters", "discard", "bonus", "1", "--reason", " "), "say why"),
        (("dead-letters", "replay", "bonus", "1", "--value", "no-such"), "does not exist"),
        (("dead-letters", "list", "--state", "deaf"), "'deaf' is not one of 'dead'"),
        (("token", "--role", "caseworker", "--minutes", "99999999999"), "--minutes"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_cannot_be_meant_is_told_with_status_2(
    sammen: Sammen, arguments: tuple[str, ...], complaint: str
) -> None:
    said = sammen(*arguments)
    assert (said.status, said.output) == (2, "")
    assert complaint in said.errors
    assert "Traceback" not in said.errors


@pytest.mark.parametrize(
    ("service", "settings", "complaint"),
    [
        ("notifications", {"smtp_url": "smtp://mail.example"}, "SAMMEN_SMTP_URL says not whom"),
        ("notifications", {"smtp_url": "file://"}, "SAMMEN_SMTP_URL names no folder"),
        ("placements", {"vault_key": "c2hvcnQ="}, "SAMMEN_VAULT_KEY: the vault's secret has 5"),
        ("placements", {"vault_key": "secret!"}, "SAMMEN_VAULT_KEY: the vault's secret is not"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("command", ["run", "up"])
def test_a_setting_that_cannot_be_meant_is_told_before_anything_starts(
    sammen: Sammen, command: str, service: str, settings: dict[str, str], complaint: str
) -> None:
    given = {
        f"{service}_database_url": f"postgresql://sammen_{service}:x@127.0.0.1:1/sammen",
        "kafka_bootstrap_servers": "embedded",
        "oidc_issuer": "https://login.example",
    }
    said = (
        sammen("run", service, **given, **settings)
        if command == "run"
        else sammen("up", **settings)
    )
    assert (said.status, said.output, len(said.errors.splitlines())) == (2, "", 1)
    assert complaint in said.errors


@pytest.mark.parametrize("command", [("up",), ("demo",), ("token", "--role", "caseworker")])
@pytest.mark.parametrize("folder", ["occupied", "occupied/below", "/proc/sammen"])
def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(
    sammen: Sammen, tmp_path: Path, command: tuple[str, ...], folder: str
) -> None:
    (tmp_path / "occupied").write_text("a file", encoding="utf-8")
    said = sammen(*command, data_dir=folder)
    assert (said.status, said.output, len(said.errors.splitlines())) == (1, "", 1)
    assert "can't be used as data folder" in said.errors
    assert "SAMMEN_DATA_DIR" in said.errors


@pytest.mark.parametrize(
    ("file", "command"), [("addresses.json", ("dead-letters", "list")), ("passwords.json", ("up",))]
)
def test_a_file_of_the_data_folder_that_is_damaged_is_named(
    sammen: Sammen, tmp_path: Path, prepared: TestDatabase, file: str, command: tuple[str, ...]
) -> None:
    (tmp_path / file).write_text("{", encoding="utf-8")
    said = sammen(*command, data_dir=str(tmp_path), database_url=prepared.owner_url)
    assert (said.status, said.output) == (1, "")
    assert f"{tmp_path / file} can't be read" in said.errors
    assert "Traceback" not in said.errors


def test_a_setting_nobody_knows_is_told_with_the_nearest_known(sammen: Sammen) -> None:
    said = sammen("migrate", databse_url="x")
    assert said.status == 2
    assert "SAMMEN_DATABSE_URL is no setting of Sammen; did you mean SAMMEN_DATABASE_URL" in (
        said.errors
    )


def test_a_database_that_is_away_is_told_in_one_line(sammen: Sammen) -> None:
    said = sammen(
        "topics",
        "check",
        kafka_bootstrap_servers="embedded",
        database_url="postgresql://sammen:x@127.0.0.1:1/sammen",
    )
    assert (said.status, said.output, len(said.errors.splitlines())) == (1, "", 1)
    assert "can't be reached" in said.errors


async def test_migrate_brings_a_new_database_up_to_date_once(
    sammen: Sammen, database_factory: DatabaseFactory
) -> None:
    empty = await database_factory([])
    passwords = {service.name: ROLE_PASSWORD for service in all_services()}
    settings = settings_of(await database_factory(plans_for(all_services(), passwords)))
    place = empty.owner_url.rpartition("/")[2]
    settings = {
        name: value.rpartition("/")[0] + f"/{place}" if "url" in name else value
        for name, value in settings.items()
    }
    first, second = sammen("migrate", **settings), sammen("migrate", **settings)
    assert (first.status, second.status) == (0, 0), first.errors
    assert len(first.lines) > len(all_services())
    assert second.output == "The database is up to date.\n"
    check = sammen("topics", "check", **settings)
    assert (check.status, "topic placements.events.v1 is missing" in check.output) == (1, True)
    assert sammen("topics", "create", **settings).status == 0
    assert sammen("topics", "check", **settings).output == "Every topic is as declared.\n"


def test_doctor_looks_at_the_ground_even_without_settings(sammen: Sammen) -> None:
    said = sammen("doctor", http_port="0", ops_port="0")
    assert said.status == 0
    assert all(line.startswith("ok ") for line in said.lines)
    assert "PostgreSQL binaries" in said.output


async def test_doctor_looks_at_databases_and_topics(sammen: Sammen, prepared: TestDatabase) -> None:
    settings = settings_of(prepared) | {"http_port": "0", "ops_port": "0"}
    good = sammen("doctor", **settings)
    assert good.status == 0, good.output
    assert "ok      topics are as declared" in good.lines
    settings["bonus_database_url"] = settings["bonus_database_url"].replace(ROLE_PASSWORD, "wrong")
    bad = sammen("doctor", **settings)
    assert bad.status == 1
    (complaint,) = [line for line in bad.lines if line.startswith("not ok")]
    assert "SAMMEN_BONUS_DATABASE_URL answers: password authentication failed" in complaint

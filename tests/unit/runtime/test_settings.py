"""Settings come from the environment once; what isn't known or can't be is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.runtime.settings import Settings, SettingsError, read_settings


def test_nothing_set_is_fine_as_long_as_nothing_is_needed() -> None:
    settings = read_settings({"PATH": "/bin", "SAMMENLIGN": "1"})
    assert (settings.http_port, settings.ops_port, settings.data_dir) == (
        8000,
        9000,
        Path(".sammen"),
    )
    assert settings.model_fields_set == set()


def test_a_needed_setting_that_is_missing_is_named() -> None:
    with pytest.raises(SettingsError, match=r"SAMMEN_BONUS_DATABASE_URL is not set.*sammen up"):
        read_settings({}).need("bonus_database_url")


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_value_counts_as_not_set(value: str) -> None:
    with pytest.raises(SettingsError, match="SAMMEN_OIDC_ISSUER"):
        read_settings({"SAMMEN_OIDC_ISSUER": value}).need("oidc_issuer")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SAMMEN_HTTP_POST", "SAMMEN_HTTP_PORT"),
        ("SAMMEN_BONUS_DATABASE", "SAMMEN_BONUS_DATABASE_URL"),
        ("SAMMEN_KAFKA_SERVERS", "SAMMEN_KAFKA_BOOTSTRAP_SERVERS"),
        ("SAMMEN_http_port", "SAMMEN_HTTP_PORT"),
        ("SAMMEN_", "SAMMEN_"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_known_one(name: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} is no setting.*did you mean {nearest}"):
        read_settings({name: "1"})


@pytest.mark.parametrize("port", ["-1", "65536", "http", "80.5"])
def test_a_port_that_is_none_is_refused_by_name(port: str) -> None:
    with pytest.raises(SettingsError, match=r"^SAMMEN_OPS_PORT: "):
        read_settings({"SAMMEN_OPS_PORT": port})


@pytest.mark.parametrize("port", ["0", "65535"])
def test_the_outermost_ports_are_taken(port: str) -> None:
    assert read_settings({"SAMMEN_HTTP_PORT": port}).http_port == int(port)


@pytest.mark.parametrize(
    "url",
    [
        "garbage-hunter2",
        "http://u:hunter2@db",
        "postgresql:u:hunter2@db",
        "postgresql://u:hunter2@db:port",
        "postgresql://u:hunter2@db:5432,other:-1/sammen",
        "postgresql://u:hunter2@db two/sammen",
    ],
)
def test_a_database_address_that_is_none_is_refused_by_name_and_form(url: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^SAMMEN_BONUS_DATABASE_URL: .*postgresql://role"
    ) as told:
        read_settings({"SAMMEN_BONUS_DATABASE_URL": url})
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@db/sammen?sslmode=require",
        "postgres://u:p%40ss@db.example:5432/sammen",
        "postgresql://u:p@ss:w@127.0.0.1:1/sammen",
        "postgresql://u:p@[::1]:5432/sammen",
        "postgresql://u:p@one:5432,two:5433/sammen",
        "postgresql://u:p@/sammen?host=/run/postgresql",
    ],
)
def test_every_address_the_driver_can_use_is_taken(url: str) -> None:
    assert read_settings({"SAMMEN_DATABASE_URL": url}).need("database_url") == url


@pytest.mark.parametrize(
    "issuer",
    ["garbage", "login.example", "https://", "ftp://login.example", "https://a b/", "http://h:x"],
)
def test_an_issuer_that_is_no_web_address_is_refused_by_name(issuer: str) -> None:
    with pytest.raises(SettingsError, match=r"^SAMMEN_OIDC_ISSUER: .*https://host"):
        read_settings({"SAMMEN_OIDC_ISSUER": issuer})


@pytest.mark.parametrize(
    "issuer",
    ["https://login.example", "https://login.example/realms/sammen/", "http://127.0.0.1:9/issuer"],
)
def test_an_issuer_is_taken_as_it_is(issuer: str) -> None:
    assert read_settings({"SAMMEN_OIDC_ISSUER": issuer}).oidc_issuer == issuer


@pytest.mark.parametrize(
    "servers",
    [
        "kafka",
        "kafka:",
        "kafka:port",
        ":9092",
        "a:1,",
        "a:1, b:2",
        "http://a:1",
        "embeded",
        "a:123456",
        "a:65536",
        "a:0",
    ],
)
def test_brokers_that_are_none_are_refused_by_name_and_form(servers: str) -> None:
    with pytest.raises(SettingsError, match=r"^SAMMEN_KAFKA_BOOTSTRAP_SERVERS: .*host:port,host"):
        read_settings({"SAMMEN_KAFKA_BOOTSTRAP_SERVERS": servers})


@pytest.mark.parametrize(
    "servers", ["embedded", "kafka:9092", "a.example:1,10.0.0.1:2", "[::1]:9092", "a:65535,b:59999"]
)
def test_brokers_are_taken_as_they_are(servers: str) -> None:
    given = {"SAMMEN_KAFKA_BOOTSTRAP_SERVERS": servers}
    assert read_settings(given).kafka_bootstrap_servers == servers


@pytest.mark.parametrize(
    ("name", "value"), [("SECURITY", "ssl"), ("SECURITY", "PLAIN"), ("INSTANCE", "a pod")]
)
def test_what_kafka_would_not_understand_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^SAMMEN_KAFKA_{name}: "):
        read_settings({f"SAMMEN_KAFKA_{name}": value})


def test_secrets_are_not_shown() -> None:
    settings = read_settings(
        {
            "SAMMEN_BONUS_DATABASE_URL": "postgresql://sammen_bonus:hunter2@db/sammen",
            "SAMMEN_SMTP_URL": "smtp://user:hunter2@mail",
            "SAMMEN_VAULT_KEY": "hunter2",
            "SAMMEN_KAFKA_ADMIN_PASSWORD": "hunter2",
            "SAMMEN_BONUS_KAFKA_PASSWORD": "hunter2",
        }
    )
    assert "hunter2" not in f"{settings} {settings!r} {settings.model_dump_json()}"
    assert "hunter2" in settings.need("bonus_database_url")


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().http_port = 1  # type: ignore[misc]


def test_mails_go_to_files_only_when_that_is_said() -> None:
    assert read_settings({"SAMMEN_SMTP_URL": "file:///mails"}).mails_dir == Path("/mails")
    assert read_settings({"SAMMEN_SMTP_URL": "smtp://mail"}).mails_dir is None
    assert read_settings({}).mails_dir is None

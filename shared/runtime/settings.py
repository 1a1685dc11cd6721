"""Every setting of Sammen, read once from the environment; an unknown name is an error."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError

S = TypeVar("S", str, SecretStr)

PREFIX = "SAMMEN_"
EMBEDDED_BUS = "embedded"
"""The value of SAMMEN_KAFKA_BOOTSTRAP_SERVERS that means the bus inside PostgreSQL."""

_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^/?#@:,\[\]\s]*)(:\d{1,5})?"
DATABASE_ADDRESS = re.compile(rf"postgres(ql)?://([^/?#]*@)?{_HOST}(,{_HOST})*([/?].*)?")
DATABASE_FORM = "postgresql://role:password@host:port/database"
WEB_ADDRESS = re.compile(rf"https?://(?=[^:/]){_HOST}(/[^?#\s]*)?")
WEB_FORM = "https://host/path"
_PORT = r"([1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"
_BROKER = rf"(\[[0-9A-Fa-f:.]+\]|[^/?#@:,\[\]\s]+):{_PORT}"
"""Spelt out, since Kafka's library takes a port that is too large modulo 65536."""
BROKERS = re.compile(rf"{EMBEDDED_BUS}|{_BROKER}(,{_BROKER})*")
BROKERS_FORM = f"host:port,host:port (or {EMBEDDED_BUS})"
INSTANCE_PATTERN = r"^[A-Za-z0-9._-]{1,100}$"

SettingName = Literal[
    "database_url",
    "membership_database_url",
    "placements_database_url",
    "bonus_database_url",
    "notifications_database_url",
    "evaluation_database_url",
    "kafka_bootstrap_servers",
    "kafka_security",
    "kafka_admin_password",
    "membership_kafka_password",
    "placements_kafka_password",
    "bonus_kafka_password",
    "notifications_kafka_password",
    "evaluation_kafka_password",
    "finance_kafka_password",
    "smtp_url",
    "oidc_issuer",
    "vault_key",
]
"""Settings without a default, which a part of the system may need."""


class SettingsError(Exception):
    """The environment doesn't say what is needed; the message names the variable and the remedy."""


class Settings(BaseModel):
    """What the environment says. Values may be secrets and are never printed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: SecretStr | None = None
    """The owner's PostgreSQL address; for `migrate` and `topics` only."""
    membership_database_url: SecretStr | None = None
    placements_database_url: SecretStr | None = None
    bonus_database_url: SecretStr | None = None
    notifications_database_url: SecretStr | None = None
    evaluation_database_url: SecretStr | None = None
    kafka_bootstrap_servers: str | None = None
    """`host:port,...`, or `embedded` for the bus inside PostgreSQL."""
    kafka_security: Literal["plain", "scram"] | None = None
    """How brokers are spoken to: `scram` is TLS, with a password; `plain` is neither."""
    kafka_ca_file: Path | None = None
    """Who signed the brokers' certificates, in PEM; without it, whom this machine trusts."""
    kafka_admin_user: str = "admin"
    """Who may create topics and say who uses them."""
    kafka_admin_password: SecretStr | None = None
    membership_kafka_password: SecretStr | None = None
    """Of the cluster's user of that name; each service is one."""
    placements_kafka_password: SecretStr | None = None
    bonus_kafka_password: SecretStr | None = None
    notifications_kafka_password: SecretStr | None = None
    evaluation_kafka_password: SecretStr | None = None
    finance_kafka_password: SecretStr | None = None
    """Of the finance system's own user; only the demo's stand-in for it needs it."""
    kafka_instance: str | None = Field(default=None, pattern=INSTANCE_PATTERN)
    """What tells this process from the others of its service, such as a pod's name: restarted under
    the same name within seconds, it gets its partitions back, and no others move."""
    smtp_url: SecretStr | None = None
    """`smtp://`, `smtps://` or `smtp+starttls://`, then `user:password@host:port?from=address` (an
    address is needed unless the host is this machine); or `file:///folder` for mails as files."""
    oidc_issuer: str | None = None
    """Address of the OpenID issuer whose tokens are believed."""
    vault_key: SecretStr | None = None
    """Base64 of the 32 bytes that person numbers are sealed and indexed with."""
    shadow_rules: Path | None = None
    """Folder of rules that are assessed by beside those in force, to see what they would change."""
    data_dir: Path = Path(".sammen")
    """Where embedded parts keep what they keep."""
    http_port: int = Field(default=8000, ge=0, le=65535)
    """0 lets the machine choose a free one."""
    ops_port: int = Field(default=9000, ge=0, le=65535)
    """Metrics and health; 0 lets the machine choose a free one."""

    @field_validator(
        "database_url",
        "membership_database_url",
        "placements_database_url",
        "bonus_database_url",
        "notifications_database_url",
        "evaluation_database_url",
    )
    @classmethod
    def _is_database_address(cls, url: SecretStr | None) -> SecretStr | None:
        return None if url is None else _require(url, DATABASE_ADDRESS, DATABASE_FORM)

    @field_validator("oidc_issuer")
    @classmethod
    def _is_web_address(cls, url: str | None) -> str | None:
        return None if url is None else _require(url, WEB_ADDRESS, WEB_FORM)

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _is_brokers(cls, servers: str | None) -> str | None:
        return None if servers is None else _require(servers, BROKERS, BROKERS_FORM)

    @property
    def mails_dir(self) -> Path | None:
        """The folder mails are written to, or None when they go out by SMTP."""
        address = self.smtp_url.get_secret_value() if self.smtp_url else ""
        return Path(address.removeprefix("file://")) if address.startswith("file://") else None

    def need(self, name: SettingName) -> str:
        """The value of a setting. Raises SettingsError naming the variable when it is not set."""
        value = getattr(self, name)
        if value is None:
            raise SettingsError(
                f"{variable(name)} is not set. Set it, or use `sammen up`, which brings its own."
            )
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _require(value: S, form: re.Pattern[str], example: str) -> S:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if form.fullmatch(text) is None:
        raise PydanticCustomError("form", "not an address of the form {form}", {"form": example})
    return value


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in an environment. Raises SettingsError for unknown names and bad values.

    An empty value counts as not set.
    """
    known = {variable(name): name for name in Settings.model_fields}
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    for name in sorted(given):
        if name not in known:
            raise SettingsError(_unknown(name, list(known)))
    values = {known[name]: value for name, value in given.items() if value.strip()}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise SettingsError(f"{variable(str(first['loc'][0]))}: {first['msg']}") from error


def _unknown(name: str, known: list[str]) -> str:
    nearest = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)[0]
    return f"{name} is no setting of Sammen; did you mean {nearest}? Unset it or correct it."

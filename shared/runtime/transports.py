"""Which bus a process speaks to, and as whom: said by settings, never guessed."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import cast

from pydantic import SecretStr

from shared.messaging.embedded import EmbeddedTransport
from shared.messaging.kafka.access import Credentials, KafkaAccess
from shared.messaging.transport import Transport
from shared.runtime.plans import database_setting
from shared.runtime.running import OpenTransport
from shared.runtime.settings import EMBEDDED_BUS, SettingName, Settings, SettingsError, variable


def kafka_password_setting(service_name: str) -> SettingName:
    """The setting that holds the password of a service's own user of the cluster."""
    return cast("SettingName", f"{service_name}_kafka_password")


def transport_opener(settings: Settings) -> OpenTransport:
    """How services reach the bus. Raises SettingsError when that isn't said, or can't be meant.

    What the opener returns is not yet connected. It raises SettingsError for a service whose own
    settings are missing.
    """
    if _is_embedded(settings):
        return lambda service: EmbeddedTransport(settings.need(database_setting(service)))
    _check_cluster(settings)

    def open_kafka(service: str) -> Transport:
        from shared.messaging.kafka.transport import KafkaTransport

        access = service_access(settings, service)
        assert access is not None, "the bus is not the embedded one"
        return KafkaTransport(access, instance=settings.kafka_instance)

    return open_kafka


def service_access(settings: Settings, service_name: str) -> KafkaAccess | None:
    """How a service reaches Kafka, where each is a user by its own name.

    None when the bus is the one inside PostgreSQL. Raises SettingsError when a setting is missing
    or can't be meant.
    """
    return _access(settings, service_name, kafka_password_setting(service_name))


def administrator_access(settings: Settings) -> KafkaAccess | None:
    """How the administrator of the topics reaches Kafka; otherwise as `service_access`."""
    return _access(settings, settings.kafka_admin_user, "kafka_admin_password")


def check_bus(settings: Settings, service_names: Iterable[str]) -> None:
    """Raise SettingsError when a setting is missing that one of the services, or the administrator
    of the topics, needs to reach the bus.
    """
    administrator_access(settings)
    for name in service_names:
        service_access(settings, name)


def _is_embedded(settings: Settings) -> bool:
    return settings.need("kafka_bootstrap_servers") == EMBEDDED_BUS


def _access(settings: Settings, user: str, password_setting: SettingName) -> KafkaAccess | None:
    if _is_embedded(settings):
        return None
    _check_cluster(settings)
    credentials = None
    password: SecretStr | None = getattr(settings, password_setting)
    if settings.kafka_security == "plain" and password is not None:
        raise SettingsError(
            f"{variable(password_setting)} is set, and {variable('kafka_security')} is plain: "
            "nobody would ask for it. Unset the one, or set the other to scram."
        )
    if settings.kafka_security == "scram":
        if password is None:
            raise SettingsError(
                f"{variable(password_setting)} is not set: give it the password of the user "
                f"{user} of {settings.kafka_bootstrap_servers}."
            )
        credentials = Credentials(user, password.get_secret_value())
    return KafkaAccess(
        settings.need("kafka_bootstrap_servers"), credentials, settings.kafka_ca_file
    )


def _check_cluster(settings: Settings) -> None:
    """A forgotten variable must not send anything in the clear, nor believe anybody's broker."""
    security, ca_file = variable("kafka_security"), variable("kafka_ca_file")
    if settings.kafka_security is None:
        raise SettingsError(
            f"{security} is not set, and {variable('kafka_bootstrap_servers')} names a broker: set "
            "it to scram (TLS, and a password for each service) or plain (neither; for trying)."
        )
    if settings.kafka_ca_file is None:
        return
    if settings.kafka_security == "plain":
        raise SettingsError(
            f"{ca_file} is set, and {security} is plain: nobody would look at certificates. Unset "
            f"the one, or set the other to scram."
        )
    try:
        ssl.create_default_context(cafile=settings.kafka_ca_file)
    except OSError as error:  # of which a file without certificates is one, too
        raise SettingsError(
            f"{ca_file}: {settings.kafka_ca_file} is no readable file of certificates in PEM "
            f"({error}). Name the one of the authority that signed the brokers' certificates."
        ) from error

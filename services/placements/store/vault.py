"""What this service may ask of the vault: its three functions, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.placements.vault import Sealed
from shared.database import Connection

LOOK_UP = "SELECT vault.look_up($1, $2, $3::uuid, $4, $5, $6, $7, $8, $9)"
HAND_OUT = "SELECT sealed_number, wrapped_key FROM vault.hand_out($1::uuid, $2, $3, $4, $5)"
ERASE = "SELECT vault.erase($1::uuid, $2, $3, $4, $5)"


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks about a person, for whom, why and when; written to the log with the answer."""

    who: str
    organisation: str
    purpose: str
    happened_at: datetime


async def get_reference(
    connection: Connection, sealed: Sealed, *, vault_mark: bytes, access: Access
) -> str:
    """The reference of the number; the sealed person's, if the number is seen first now.

    Waits for others registering the same number. The database refuses when the vault was begun
    with another secret.
    """
    reference = await connection.fetchval(
        LOOK_UP,
        vault_mark,
        sealed.lookup_index,
        sealed.reference,
        sealed.sealed_number,
        sealed.wrapped_key,
        access.who,
        access.organisation,
        access.purpose,
        access.happened_at,
    )
    return str(reference)


async def find_sealed_number(
    connection: Connection, reference: str, *, access: Access
) -> tuple[bytes, bytes] | None:
    """The sealed number and its wrapped key; None for an unknown or erased person."""
    row = await connection.fetchrow(
        HAND_OUT,
        reference,
        access.who,
        access.organisation,
        access.purpose,
        access.happened_at,
    )
    return None if row is None else (row["sealed_number"], row["wrapped_key"])


async def delete_number(connection: Connection, reference: str, *, access: Access) -> bool:
    """Destroy a person's data key, number and index; whether there was anything to destroy."""
    erased: bool = await connection.fetchval(
        ERASE,
        reference,
        access.who,
        access.organisation,
        access.purpose,
        access.happened_at,
    )
    return erased
